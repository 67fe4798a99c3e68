import { z } from 'zod';
import type { Query } from './caller.js';
import { isNotFound, type ServiceName } from './errors.js';
import type { ServiceApi } from './service-api.js';

/** What `find` says; `ids` are those that share the name. */
export type Found<T> =
  | { readonly kind: 'found'; readonly object: T }
  | { readonly kind: 'none' }
  | { readonly kind: 'ambiguous'; readonly ids: readonly string[] };

export interface CollectionSpec<S extends z.ZodType> {
  readonly service: ServiceName;
  /** `/networks` */
  readonly path: string;
  /** Envelope of one and of many; Glance has none for one. */
  readonly one: string | null;
  readonly many: string;
  readonly object: S;
  readonly updateMethod?: 'PUT' | 'PATCH' | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Where the list with all fields is, if elsewhere: `/servers/detail`. */
  readonly listPath?: string | undefined;
}

interface Replies {
  readonly one: z.ZodType;
  readonly many: z.ZodType;
}

/** By the object's schema: the first reading compiles a schema, and sessions are made all the time. */
const REPLIES = new WeakMap<z.ZodType, Map<string, Replies>>();

function repliesOf({ one, many, object }: CollectionSpec<z.ZodType>): Replies {
  const known = REPLIES.get(object) ?? new Map<string, Replies>();
  REPLIES.set(object, known);
  const name = `${one} ${many}`;
  let replies = known.get(name);
  if (!replies) {
    replies = {
      one: one === null ? object : z.looseObject({ [one]: object }),
      many: z.looseObject({ [many]: z.array(object) }),
    };
    known.set(name, replies);
  }
  return replies;
}

const UUID = /^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i;
export const looksLikeUuid = (text: string): boolean => UUID.test(text);

/**
 * The objects of one kind of a service, as the wire has them: names of fields and bodies are the service's own, fields
 * we do not know are kept, values of enumerations are plain text.
 */
export class Collection<S extends z.ZodType<{ id: string }>> {
  private readonly oneReply: z.ZodType;
  private readonly manyReply: z.ZodType;

  constructor(
    protected readonly api: ServiceApi,
    protected readonly spec: CollectionSpec<S>,
  ) {
    ({ one: this.oneReply, many: this.manyReply } = repliesOf(spec));
  }

  /** @throws OpenStackError; with `sideEffectUnknown` the object may be there */
  async create(body: object): Promise<z.infer<S>> {
    const reply = await this.api.call({
      ...this.common(),
      method: 'POST',
      template: this.spec.path,
      params: this.fixedParams(),
      body: this.wrap(body),
      reply: this.oneReply,
    });
    return this.unwrap(reply.body);
  }

  /** @throws OpenStackError, `isNotFound` when it is not there */
  async get(id: string): Promise<z.infer<S>> {
    const reply = await this.api.call({
      ...this.common(),
      method: 'GET',
      template: `${this.spec.path}/{id}`,
      params: { ...this.fixedParams(), id },
      reply: this.oneReply,
    });
    return this.unwrap(reply.body);
  }

  /** All that match, page after page. Filters are the service's own; compare exactly what must be exact. */
  async list(filter: Query = {}): Promise<z.infer<S>[]> {
    const all: z.infer<S>[] = [];
    let marker: string | undefined;
    for (;;) {
      const { objects, more } = await this.page(marker === undefined ? filter : { ...filter, marker });
      all.push(...objects);
      const last = objects.at(-1)?.id;
      if (!more || last === undefined || last === marker) return all;
      marker = last;
    }
  }

  async update(id: string, body: object): Promise<z.infer<S>> {
    const reply = await this.api.call({
      ...this.common(),
      method: this.spec.updateMethod ?? 'PUT',
      template: `${this.spec.path}/{id}`,
      params: { ...this.fixedParams(), id },
      body: this.wrap(body),
      reply: this.oneReply,
    });
    return this.unwrap(reply.body);
  }

  /** Removing what is gone is success. */
  async delete(id: string, query?: Query): Promise<void> {
    await gone(
      this.api.call({
        ...this.common(),
        method: 'DELETE',
        template: `${this.spec.path}/{id}`,
        params: { ...this.fixedParams(), id },
        query,
      }),
    );
  }

  /** The object with that id, else the only one with that name. One call for names, at most two for what looks like an id. */
  async find(nameOrId: string): Promise<Found<z.infer<S>>> {
    if (looksLikeUuid(nameOrId)) {
      const object = await absent(this.get(nameOrId));
      if (object) return { kind: 'found', object };
    }
    return only((await this.list({ name: nameOrId })).filter((object) => nameOf(object) === nameOrId));
  }

  protected common(): { service: ServiceName; headers?: Readonly<Record<string, string>> | undefined } {
    return { service: this.spec.service, headers: this.spec.headers };
  }

  /** What the path has besides the id. */
  protected fixedParams(): Readonly<Record<string, string>> {
    return {};
  }

  private async page(query: Query): Promise<{ objects: z.infer<S>[]; more: boolean }> {
    const { body } = await this.api.call({
      ...this.common(),
      method: 'GET',
      template: this.spec.listPath ?? this.spec.path,
      params: this.fixedParams(),
      query,
      reply: this.manyReply,
    });
    const reply = body as Record<string, unknown>;
    return { objects: reply[this.spec.many] as z.infer<S>[], more: hasNext(reply, this.spec.many) };
  }

  private wrap(body: object): object {
    return this.spec.one === null ? body : { [this.spec.one]: body };
  }

  private unwrap(reply: unknown): z.infer<S> {
    return (this.spec.one === null ? reply : (reply as Record<string, unknown>)[this.spec.one]) as z.infer<S>;
  }
}

/** Nova, Neutron, Octavia and Cinder say `<many>_links: [{rel: next}]`, Glance `next`. */
function hasNext(reply: Record<string, unknown>, many: string): boolean {
  if (typeof reply.next === 'string') return true;
  const links = reply[`${many}_links`];
  return Array.isArray(links) && links.some((link) => (link as { rel?: unknown } | null)?.rel === 'next');
}

export function only<T extends { id: string }>(objects: readonly T[]): Found<T> {
  const [object] = objects;
  if (!object) return { kind: 'none' };
  return objects.length === 1 ? { kind: 'found', object } : { kind: 'ambiguous', ids: objects.map(({ id }) => id) };
}

/** Null for 404. */
export async function absent<T>(call: Promise<T>): Promise<T | null> {
  try {
    return await call;
  } catch (error) {
    if (isNotFound(error)) return null;
    throw error;
  }
}

/** 404 is success. */
export async function gone(call: Promise<unknown>): Promise<void> {
  await absent(call);
}

const nameOf = (object: object): unknown => ('name' in object ? object.name : undefined);
