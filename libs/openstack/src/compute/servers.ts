import { z } from 'zod';
import { Collection } from '../collection.js';
import type { ServiceApi } from '../service-api.js';
import { COMPUTE_HEADERS } from './microversion.js';
import type { ServerObserver } from './server-observer.js';
import { escapeRegExp, server, type ObserveOptions, type Server } from './server.js';

/** Where those who wait for servers meet. */
export interface ServersApi extends ServiceApi {
  observer(): ServerObserver;
}

/** What Nova answers to a create: the id, and little else. */
const created = z.looseObject({ server: z.looseObject({ id: z.string() }) });

const consoleOutput = z.looseObject({ output: z.string().nullish() });

/** Nova servers. `list` takes Nova's filters and returns details; `name` is a regular expression there. */
export class Servers extends Collection<typeof server> {
  constructor(private readonly serversApi: ServersApi) {
    super(serversApi, {
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
    const reply = await this.api.call({
      ...this.common(),
      method: 'POST',
      template: '/servers',
      body: { server: body, ...(hints ? { 'os:scheduler_hints': hints } : {}) },
      reply: created,
    });
    return reply.body.server.id;
  }

  /** Those with exactly this name, oldest first. @param everywhere in all projects: for administrators */
  async named(name: string, everywhere = false): Promise<Server[]> {
    const found = await this.list({ name: `^${escapeRegExp(name)}$`, ...(everywhere ? { all_tenants: true } : {}) });
    return found.filter((one) => one.name === name).sort((a, b) => (a.created < b.created ? -1 : 1));
  }

  /**
   * The server as a list or a GET made after the call shows it, or null when it is gone. Many waiters share one list
   * (page of 1,000, by prefix of the name) per interval; what a list does not show is asked for alone before it counts as gone.
   */
  async observe(id: string, options: ObserveOptions = {}): Promise<Server | null> {
    return this.serversApi.observer().observe(id, options);
  }

  /**
   * The end of what the machine has written on its console; empty when it has written nothing.
   * Source: Nova API reference, `os-getConsoleOutput`; 409 while the machine is not made.
   */
  async consoleOutput(id: string, lines: number): Promise<string> {
    const reply = await this.api.call({
      ...this.common(),
      method: 'POST',
      template: '/servers/{id}/action',
      params: { id },
      body: { 'os-getConsoleOutput': { length: lines } },
      reply: consoleOutput,
    });
    return reply.body.output ?? '';
  }

  /** Metadata of a server that is there becomes this: other keys go. */
  async replaceMetadata(id: string, metadata: Readonly<Record<string, string>>): Promise<void> {
    await this.api.call({
      ...this.common(),
      method: 'PUT',
      template: '/servers/{id}/metadata',
      params: { id },
      body: { metadata },
    });
  }
}
