import type { StackSignal } from '#libs/db';
import type { CloudSession } from '#libs/openstack';
import type { z } from 'zod';

/** What a plugin gets from the kernel. A plugin neither logs nor sleeps nor catches. */
export interface ResourceContext {
  readonly cloud: CloudSession;
  /** Deterministic and unique in the project: the name under which the object is made and found again. */
  readonly physicalName: string;
  /** Our row's uuid: written into metadata, tags or description where the service has them. */
  readonly resourceId: string;
  readonly logicalName: string;
  readonly stack: { readonly uuid: string; readonly name: string; readonly clusterUuid: string; readonly projectId: string };
  readonly signal: AbortSignal;
  /** Where wait conditions hear; undefined: this engine hears nothing. */
  readonly inbox?: SignalInbox | undefined;
}

/** What machines say to handles. */
export interface SignalInbox {
  /** Where a handle is told, and with which token; `caFile` is whom the machine trusts there. */
  address(handleUuid: string): { readonly url: string; readonly token: string; readonly caFile: string };
  received(handleUuid: string): Promise<readonly StackSignal[]>;
  /** Milliseconds since 1970. */
  now(): number;
}

/** What `get_attr` can read; stored with the row after the poll said done. Only the declared names are kept. */
export type Attributes = Readonly<Record<string, unknown>>;
/** The cloud's answer to a create. `attributes` only when the object is ready at once: poll and read are then left out. */
export interface Created {
  readonly id: string;
  readonly attributes: Attributes;
}
/** `{ attributes }` is `done` by an answer that held the attributes already: read is then left out. */
export type PollResult = 'done' | 'pending' | { readonly attributes: Attributes };
export type UpdateResult = 'updated' | 'replace';

/**
 * One HOT type. The type declares, the kernel acts: names, retries, timeouts, status, storage, replacement.
 *
 * First creation:  intent committed ─> create ─> id committed ─> poll* ─> read ─> COMPLETE committed
 *                                        └── id with attributes ────────────────────────^
 * After a crash:   intent found, no id ─> find ─> (found: as above) | (null: create)
 * Change:          unsure properties committed ─> update ─> poll* ─> read ─> COMPLETE committed; update may be called again
 * Removal:         id, else find ─> remove ─> gone* ─> row says DELETE COMPLETE
 */
export interface ResourceType<P = unknown> {
  /** `OS::Neutron::Subnet` */
  readonly type: string;
  /** Strict: an unknown property is refused when the template is read. */
  readonly properties: z.ZodType<P>;
  /** Names of properties that `update` changes in place; any other change replaces. */
  readonly updatable: readonly (keyof P & string)[];
  /**
   * What updatable properties go back to when the template has them no longer, as `update` understands it. `name` goes
   * back to the physical name by itself; one that is not here cannot go back, and the object is replaced.
   */
  readonly defaults?: Readonly<Record<string, unknown>>;
  readonly attributes: readonly string[];
  /**
   * Those of the attributes that are secrets: kept sealed, seen by the properties of other resources alone, and left out of
   * what these keep, like hidden parameters.
   */
  readonly secret?: readonly string[];
  /** `get_resource` of it is refused: HOT gives something else there than an id. */
  readonly withoutId?: boolean;
  /**
   * The object of this resource if the cloud has it already, found by physical name or key and compared exactly.
   * Called only after an attempt whose answer was never seen. When the stack is being deleted, hidden parameters
   * may have become empty strings: compare by name and key, not by them.
   */
  find(ctx: ResourceContext, properties: P): Promise<string | null>;
  /**
   * Asks the cloud once and returns the id at once. Throws OpenStackError; Transient for "busy, later" (nothing was made).
   * `ctx.signal` never aborts here: a request under way is seen to its end, so that its object is known.
   */
  create(ctx: ResourceContext, properties: P): Promise<string | Created>;
  /** Throws ResourceInError with the cloud's own words when the object has failed. */
  poll(ctx: ResourceContext, id: string, properties: P): Promise<PollResult>;
  /**
   * Changes the object in place. May be called again with the same or other values: its end may not have been seen.
   * `replace`: this cannot be done in place; nothing was changed.
   */
  update(ctx: ResourceContext, id: string, changed: Partial<P>, properties: P): Promise<UpdateResult>;
  /** Removing what is gone is success. May be called twice. */
  remove(ctx: ResourceContext, id: string): Promise<void>;
  /** Whether the removed object is really gone; default: as soon as `remove` has returned. */
  gone?(ctx: ResourceContext, id: string): Promise<boolean>;
  /** The attributes. Throws NotFound when the object is not there. */
  read(ctx: ResourceContext, id: string): Promise<Attributes>;
  /**
   * Whether the standing object is still what was made; changes nothing. Default: `poll`, which throws when it is gone or
   * has failed. Here only where `poll` says nothing of it, or would mend it.
   * @returns names of updatable properties that somebody has changed
   * @throws ResourceInError `cloud-object-deleted` or NotFound: gone; ResourceInError: failed
   */
  check?(ctx: ResourceContext, id: string, properties: P): Promise<readonly string[]>;
  /**
   * Whether the object made from `before` must be gone before one can be made from `after`: both want the same port number,
   * address, attachment. Default: they stand side by side until what depends on the old one has moved over.
   */
  excludes?(before: P, after: P): boolean;
}

/** A type whose properties' shape is not known here: what the registry holds. */
export type AnyResourceType = Omit<ResourceType, 'updatable'> & { readonly updatable: readonly string[] };

/** Declares a type; only gives the properties their inferred shape. */
export function defineResource<S extends z.ZodType>(
  type: Omit<ResourceType<z.infer<S>>, 'properties'> & { readonly properties: S },
): ResourceType<z.infer<S>> {
  return type as ResourceType<z.infer<S>>;
}
