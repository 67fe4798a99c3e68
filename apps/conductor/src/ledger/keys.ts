/** Whose an object is, and which row's: what we have written on it. */
export interface Key {
  readonly clusterUuid: string;
  /** Null for what carries no row's uuid: users and trusts. */
  readonly resourceUuid: string | null;
}

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const DESCRIPTION = new RegExp(`^(?:.* \\()?jeroboam:(${UUID}):(${UUID})\\)?$`);
const IS_UUID = new RegExp(`^${UUID}$`);
const TRUSTEE = new RegExp(`^(${UUID})(?:-[0-9a-f]{8})?$`);
const TRUSTEE_WORDS = /^jeroboam: trustee of cluster /;
const NAMED = /^[a-z0-9][a-z0-9-]*-([0-9a-f]{12})-([a-z0-9-]*server-group)(?:-r\d+)?$/;

/** Of a description: the whole key at its end, or all of it. */
export function textKey(description: string | null | undefined): Key | null {
  const [, clusterUuid, resourceUuid] = DESCRIPTION.exec(description ?? '') ?? [];
  return clusterUuid && resourceUuid ? { clusterUuid, resourceUuid } : null;
}

/** Of a server's or a volume's metadata. */
export function metadataKey(metadata: Readonly<Record<string, string>>): Key | null {
  const { jeroboam_cluster: clusterUuid = '', jeroboam_resource: resourceUuid = '' } = metadata;
  return IS_UUID.test(clusterUuid) && IS_UUID.test(resourceUuid) ? { clusterUuid, resourceUuid } : null;
}

/** The cluster of a user that a conductor made: by its name and by its description. */
export function trusteeOf(user: { readonly name: string; readonly description?: string | null | undefined }): string | null {
  const clusterUuid = TRUSTEE.exec(user.name)?.[1] ?? null;
  return clusterUuid && TRUSTEE_WORDS.test(user.description ?? '') && user.description?.endsWith(`(${clusterUuid})`)
    ? clusterUuid
    : null;
}

/** A server group carries nothing but its name: the first twelve digits of its cluster. */
export const keyedBy = (name: string): string | null => NAMED.exec(name)?.[1] ?? null;
