import { OpenStackError } from '#libs/openstack';
import { z } from 'zod';
import { ResourceInError } from '../../errors.js';
import { defineResource, type AnyResourceType, type ResourceContext } from '../../resource.js';
import type { Clock } from '../clock.js';
import type { SimulatedProcess } from './simulated-process.js';

interface Properties {
  /** Ids of things that must be there, and stay. */
  readonly uses: readonly string[];
  /** Id of a thing that it leans on, and that may go all the same. */
  readonly follows?: string | undefined;
  /** Id of a thing that it leans on, and that must stay while it does. Nothing lets go. */
  readonly leans?: string | null | undefined;
  /** Whatever else is there of these names must stay while this is there, though nothing of it says so. */
  readonly guards?: readonly string[] | undefined;
  readonly data?: string | undefined;
  readonly size?: number | undefined;
  /** Only one thing can be there. */
  readonly place?: string | undefined;
}

export interface Thing extends Properties {
  readonly id: string;
  readonly name: string;
  readyAt: number;
  goneAt?: number;
}

export type Verb = 'create' | 'find' | 'poll' | 'update' | 'remove' | 'gone' | 'read';
/** `after`: the work is done, and then the error comes. */
export interface Fault {
  readonly when: 'before' | 'after';
  readonly error: unknown;
}

export const BUILD_MS = 700;

/** A cloud of things: made under a name that is not unique, found by it, refused to be removed while in use. */
export class ThingCloud {
  readonly things = new Map<string, Thing>();
  readonly calls: { readonly verb: Verb; readonly name: string }[] = [];
  /** Names of those that never become ready, or fail. */
  readonly stuck = new Set<string>();
  readonly broken = new Set<string>();
  /** Names of those that refuse to be changed in place. */
  readonly fixed = new Set<string>();
  /** Called before a create has its effect: for what must be true at that moment. */
  onCreate: (physicalName: string) => void = () => undefined;
  latencyMs: () => number = () => 20;
  /** Faults without a plan: asked at each call. */
  chance: (verb: Verb) => Fault | undefined = () => undefined;
  private readonly faults = new Map<string, Fault[]>();
  private number = 0;

  constructor(private readonly clock: Clock) {}

  /** The next such calls answer so. */
  fault(verb: Verb, name: string, ...faults: Fault[]): void {
    this.faults.set(`${verb} ${name}`, faults);
  }

  count(verb: Verb, name?: string): number {
    return this.calls.filter((call) => call.verb === verb && (name === undefined || call.name === name)).length;
  }

  /** Logical names, sorted; one that is there twice is there twice. */
  names(): string[] {
    return [...this.things.values()]
      .filter((thing) => !this.isGone(thing))
      .map(({ name }) => name.replace(/^k1-[0-9a-f]{12}-/, ''))
      .sort();
  }

  /** What is there, by physical name without the cluster's part: what a template must have led to. */
  contents(): Record<string, object> {
    const nameOf = (id: string): string => short(this.things.get(id)?.name ?? `(no ${id})`);
    const all = this.live().sort((a, b) => (a.name < b.name ? -1 : 1));
    return Object.fromEntries(
      all.map(({ name, uses, follows, leans, data, size, place }) => {
        const followed = follows === undefined ? undefined : nameOf(follows);
        const leant = leans === undefined || leans === null ? undefined : nameOf(leans);
        const given = Object.entries({ follows: followed, leans: leant, data, size, place }).filter(
          ([, value]) => value !== undefined,
        );
        return [short(name), { uses: uses.map(nameOf), ...Object.fromEntries(given) }];
      }),
    );
  }

  /** `<physical name> <id>` of all. */
  ids(): string[] {
    return this.live().map(({ name, id }) => `${name} ${id}`);
  }

  /**
   * Test::Instant answers its create with attributes; Test::Plain is ready at once and must be read; Test::Slow builds for
   * some time, its poll has the attributes, and it goes slowly. Of all `size` can be changed in place; of Test::Plain
   * also what it follows and leans on.
   */
  types(process: SimulatedProcess): AnyResourceType[] {
    return [
      this.type('Test::Instant', process),
      this.type('Test::Plain', process, ['size', 'follows', 'leans']),
      this.type('Test::Slow', process),
    ];
  }

  private type(type: string, process: SimulatedProcess, updatable: ('size' | 'follows' | 'leans')[] = ['size']): AnyResourceType {
    const call = <T>(verb: Verb, ctx: ResourceContext, work: () => T): Promise<T> =>
      process.call(() => this.call(verb, ctx, work));
    const slow = type === 'Test::Slow';
    return defineResource({
      type,
      properties: z.strictObject({
        uses: z.array(z.string()).default([]),
        follows: z.string().optional(),
        leans: z.string().nullish(),
        guards: z.array(z.string()).optional(),
        data: z.string().optional(),
        size: z.number().int().optional(),
        place: z.string().optional(),
      }),
      updatable,
      defaults: { leans: null },
      attributes: ['address'],
      find: (ctx) => call('find', ctx, () => this.live().find(({ name }) => name === ctx.physicalName)?.id ?? null),
      create: (ctx, properties) =>
        call('create', ctx, () => {
          const id = this.create(ctx.physicalName, properties, slow ? BUILD_MS : 0);
          return type === 'Test::Instant' ? { id, attributes: this.attributes(id) } : id;
        }),
      poll: (ctx, id) =>
        call('poll', ctx, () => {
          const { name, readyAt } = this.get(id);
          if (this.broken.has(short(name))) throw new ResourceInError('no valid host was found');
          if (this.stuck.has(short(name)) || this.clock.now() < readyAt) return 'pending';
          return slow ? { attributes: this.attributes(id) } : 'done';
        }),
      update: (ctx, id, changed) =>
        call('update', ctx, () => {
          if (this.fixed.has(short(ctx.physicalName))) return 'replace';
          const thing = this.get(id);
          if (changed.follows !== undefined) this.get(changed.follows);
          Object.assign(thing, changed, { readyAt: this.clock.now() + (slow ? BUILD_MS : 0) });
          return 'updated';
        }),
      excludes: (before, after) => before.place !== undefined && before.place === after.place,
      remove: (ctx, id) => call('remove', ctx, () => this.remove(id, slow)),
      gone: (ctx, id) => call('gone', ctx, () => !this.live().some((thing) => thing.id === id)),
      read: (ctx, id) => call('read', ctx, () => this.attributes(id)),
    });
  }

  private async call<T>(verb: Verb, { physicalName }: ResourceContext, work: () => T): Promise<T> {
    const name = short(physicalName);
    this.calls.push({ verb, name });
    const fault = this.faults.get(`${verb} ${name}`)?.shift() ?? this.chance(verb);
    await this.clock.sleep(this.latencyMs(), new AbortController().signal);
    if (fault?.when === 'before') throw fault.error;
    if (verb === 'create') this.onCreate(physicalName);
    const answer = work();
    if (fault) throw fault.error;
    return answer;
  }

  private create(name: string, properties: Properties, buildMs: number): string {
    const id = `thing-${++this.number}`;
    for (const used of properties.uses) this.get(used);
    const { place } = properties;
    const there = place === undefined ? undefined : this.live().find((thing) => thing.place === place);
    if (there) throw cloudError(409, `${place} is taken by ${short(there.name)}`);
    this.things.set(id, { id, name, ...properties, readyAt: this.clock.now() + buildMs });
    return id;
  }

  private remove(id: string, slow: boolean): void {
    const thing = this.things.get(id);
    if (!thing || thing.goneAt !== undefined) return;
    const user = this.live().find(
      ({ uses, leans, guards }) => uses.includes(id) || leans === id || guards?.includes(short(thing.name)),
    );
    if (user) throw cloudError(409, `${short(thing.name)} is in use by ${short(user.name)}`);
    thing.goneAt = this.clock.now() + (slow ? 400 : 0);
  }

  private attributes(id: string): Record<string, unknown> {
    return { address: `address of ${short(this.get(id).name)}`, adminPassword: 'not declared' };
  }

  private get(id: string): Thing {
    const thing = this.things.get(id);
    if (!thing || this.isGone(thing)) throw cloudError(404, `there is no ${id}`);
    return thing;
  }

  private live(): Thing[] {
    return [...this.things.values()].filter((thing) => !this.isGone(thing));
  }

  private isGone(thing: Thing): boolean {
    return thing.goneAt !== undefined && this.clock.now() >= thing.goneAt;
  }
}

const short = (name: string): string => name.replace(/^k1-[0-9a-f]{12}-/, '');

/** As the client makes them: 5xx and 429 may be asked again, no answer means nothing is known. */
export function cloudError(
  httpStatus: number | null,
  words: string,
  more: { retryAfterMs?: number; sideEffectUnknown?: boolean } = {},
): OpenStackError {
  return new OpenStackError(words, {
    service: 'compute',
    method: 'POST',
    path: '/things',
    httpStatus,
    retryable: httpStatus === null || httpStatus >= 500 || httpStatus === 429,
    sideEffectUnknown: httpStatus === null,
    ...more,
  });
}
