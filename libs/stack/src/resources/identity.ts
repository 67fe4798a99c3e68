import type { ResourceContext } from '../resource.js';

/** Metadata of servers and volumes. */
export const CLUSTER_KEY = 'jeroboam_cluster';
export const RESOURCE_KEY = 'jeroboam_resource';

/** The object's name in the cloud: the template's, else the one the kernel made. */
export const nameOf = (ctx: ResourceContext, properties: { readonly name?: string | undefined }): string =>
  properties.name ?? ctx.physicalName;

/** By this an object is surely ours. Goes into `description`, where the services have one. */
export const keyOf = (ctx: ResourceContext): string => `jeroboam:${ctx.stack.clusterUuid}:${ctx.resourceId}`;

/** The template's description, if any, and our key. */
export const describe = (ctx: ResourceContext, description?: string): string =>
  description ? `${description} (${keyOf(ctx)})` : keyOf(ctx);

export const isOurs = (ctx: ResourceContext, object: { readonly description?: string | null | undefined }): boolean =>
  (object.description ?? '').includes(keyOf(ctx));

export const metadataOf = (ctx: ResourceContext): Record<string, string> => ({
  [CLUSTER_KEY]: ctx.stack.clusterUuid,
  [RESOURCE_KEY]: ctx.resourceId,
});

export const hasOurMetadata = (ctx: ResourceContext, object: { readonly metadata: Readonly<Record<string, string>> }): boolean =>
  object.metadata[RESOURCE_KEY] === ctx.resourceId;

/**
 * What the names of all objects of the cluster begin with, for one list instead of many calls; undefined when the
 * physical name is not of that form.
 */
export function clusterPrefix(ctx: ResourceContext): string | undefined {
  const key = `-${ctx.stack.clusterUuid.replaceAll('-', '').slice(0, 12)}-`;
  const at = ctx.physicalName.indexOf(key);
  return at < 1 ? undefined : ctx.physicalName.slice(0, at + key.length);
}
