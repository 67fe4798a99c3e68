import { allProjects } from '#libs/domain';

/** Whose rows a conductor sees. */
export const SERVICE = allProjects('a conductor runs operations of every project');
