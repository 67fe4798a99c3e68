import { z } from 'zod';
import { Collection } from '../collection.js';
import type { CloudSession } from '../session.js';
import { COMPUTE_HEADERS } from './microversion.js';

const server = z.looseObject({
  id: z.string(),
  name: z.string().default(''),
  /** BUILD, ACTIVE, ERROR, DELETED, SHUTOFF ... UNKNOWN while Nova cannot ask its cell. */
  status: z.string().default('UNKNOWN'),
  'OS-EXT-STS:task_state': z.string().nullish(),
  created: z.string().default(''),
  metadata: z.record(z.string(), z.string()).default({}),
  addresses: z
    .record(
      z.string(),
      z.array(
        z.looseObject({
          addr: z.string(),
          version: z.number().default(4),
          'OS-EXT-IPS:type': z.string().optional(),
          'OS-EXT-IPS-MAC:mac_addr': z.string().optional(),
        }),
      ),
    )
    .default({}),
  /** Why it is in ERROR; `details` only for administrators. */
  fault: z.looseObject({ message: z.string().default(''), code: z.number().optional() }).optional(),
  user_id: z.string().optional(),
  tenant_id: z.string().optional(),
});
export type Server = z.infer<typeof server>;

/** What Nova answers to a create: the id, and little else. */
const created = z.looseObject({ server: z.looseObject({ id: z.string() }) });

export interface ObserveOptions {
  /** Waiters with the same prefix of names share one list; without it each asks for its own server. */
  readonly namePrefix?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Ask a missing server a second time, two seconds later: one that was just made may not be in every cell yet. */
  readonly askTwice?: boolean | undefined;
}

/** Nova servers. `list` takes Nova's filters and returns details; `name` is a regular expression there. */
export class Servers extends Collection<typeof server> {
  constructor(session: CloudSession) {
    super(session, {
      service: 'compute',
      path: '/servers',
      listPath: '/servers/detail',
      one: 'server',
      many: 'servers',
      object: server,
      headers: COMPUTE_HEADERS,
    });
  }

  /**
   * Asks for a server; `hints` are the scheduler's.
   * @returns the id alone, as Nova tells no more
   */
  async boot(body: object, hints?: Readonly<Record<string, unknown>>): Promise<string> {
    const reply = await this.session.call({
      ...this.common(),
      method: 'POST',
      template: '/servers',
      body: { server: body, ...(hints ? { 'os:scheduler_hints': hints } : {}) },
      reply: created,
    });
    return reply.body.server.id;
  }

  /** Those with exactly this name, oldest first. */
  async named(name: string): Promise<Server[]> {
    const found = await this.list({ name: `^${escapeRegExp(name)}$` });
    return found.filter((one) => one.name === name).sort((a, b) => (a.created < b.created ? -1 : 1));
  }

  /**
   * The server as a list or a GET made after the call shows it, or null when it is gone. Many waiters share one list
   * (page of 1,000, by prefix of the name) per interval; what a list does not show is asked for alone before it counts as gone.
   */
  async observe(id: string, options: ObserveOptions = {}): Promise<Server | null> {
    return this.session.cloud.observer(this.session).observe(id, options);
  }

  /** Metadata of a server that is there: given keys are set, others stay. */
  async setMetadata(id: string, metadata: Readonly<Record<string, string>>): Promise<void> {
    await this.session.call({
      ...this.common(),
      method: 'POST',
      template: '/servers/{id}/metadata',
      params: { id },
      body: { metadata },
      idempotent: true,
    });
  }
}

export const escapeRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
