import type { Scope } from '#libs/domain';

/** The condition a scope puts on a tenant's row. */
export const inScope = (scope: Scope): { projectId?: string } => (scope.kind === 'project' ? { projectId: scope.projectId } : {});
