import type { CloudSession } from '#libs/openstack';
import type { ResourceContext } from '../resource.js';

interface Entry {
  readonly object: unknown;
  readonly at: number;
}

const MAX_AGE_MS = 30_000;
const MAX_ENTRIES = 10_000;
const bySession = new WeakMap<CloudSession, Map<string, Entry>>();

/**
 * What the cloud said last of an object, given to the verb that comes next: `create`'s answer to `poll`, what `poll` saw to
 * `read`. Saves two GETs per resource. Taken once and good for half a minute; without it the cloud is asked.
 */
export function remember<T extends { readonly id: string }>(ctx: ResourceContext, object: T): T {
  let entries = bySession.get(ctx.cloud);
  if (!entries) bySession.set(ctx.cloud, (entries = new Map<string, Entry>()));
  entries.delete(object.id);
  if (entries.size >= MAX_ENTRIES) entries.delete(entries.keys().next().value as string);
  entries.set(object.id, { object, at: Date.now() });
  return object;
}

/** What was remembered, else what the cloud says now. */
export async function lastSeen<T extends { readonly id: string }>(
  ctx: ResourceContext,
  id: string,
  ask: () => Promise<T>,
): Promise<T> {
  return (take(ctx, id) as T | undefined) ?? ask();
}

export function take(ctx: ResourceContext, id: string): unknown {
  const entries = bySession.get(ctx.cloud);
  const entry = entries?.get(id);
  entries?.delete(id);
  return entry && Date.now() - entry.at <= MAX_AGE_MS ? entry.object : undefined;
}
