import type { HeatStackRef } from '#libs/openstack';
import { absent, isConflict, isNotFound, isRetryable, isSideEffectUnknown, OpenStackError } from '#libs/openstack';
import { ResourceTimeout } from '../../errors.js';
import { retryDelayMs } from '../../engine/retry.js';
import type { StackState } from '../../engine/run.js';
import type { StackWalk } from '../../engine/stack-walk.js';
import { stackFailure } from './failures.js';
import type { HeatRows } from './heat-rows.js';
import { sightOf, tagsOf, type Sight } from './sight.js';

/** As it is kept in the stack's row. The token is committed before Heat is asked, so that whoever goes on knows what was asked. */
export interface Remote {
  readonly name: string;
  readonly id: string | null;
  readonly token: string;
}

export interface HeatRequest {
  readonly template: object;
  readonly parameters: Readonly<Record<string, unknown>>;
}

const FIRST_LOOK_MS = 500;
const LAST_LOOK_MS = 5_000;
/** Of the time between two looks Heat works for us at most a third. */
const REST = 2;
/** Answers 5xx to the same request: more than a restart of Heat takes. */
const MOST_REFUSALS = 8;
const CLEAN_UP_MS = 15_000;
const MINUTE_MS = 60_000;

/** What is done to one stack in Heat: looking, asking, waiting. Every change is fenced first. */
export class HeatWork {
  private lastEvent: string | undefined;
  private lastLookMs = 0;
  private quietSince: number;
  private refusals = 0;

  constructor(
    readonly walk: StackWalk,
    public remote: Remote,
    private readonly lookEveryMs = FIRST_LOOK_MS,
  ) {
    this.quietSince = this.now();
  }

  get name(): string {
    return this.remote.name;
  }

  /** The stack as it is; by its id when that is known, else by its name. */
  async look(): Promise<Sight | null> {
    const { uuid } = this.walk.stack;
    const known = this.known;
    const stack = await this.patiently('looking at the stack', () =>
      known ? absent(this.stacks.get(known)) : this.stacks.named(this.name),
    );
    const sight = stack && sightOf(stack, uuid);
    if (sight?.ours && !known) await this.keep({ ...this.remote, id: sight.id });
    return sight;
  }

  /** Asks for a new stack. Whether it was made, the next look says. @throws StackFailed Heat will not */
  async create(request: HeatRequest): Promise<void> {
    await this.ask('creating', async () => {
      const { id } = await this.stacks.create(this.name, this.body(request));
      await this.keep({ ...this.remote, id });
    });
  }

  /** Asks for what is wanted now. A stack that is busy with something else is asked again after the next look. */
  async update(request: HeatRequest): Promise<void> {
    const { known } = this;
    if (known) await this.ask('updating', () => this.stacks.update(known, this.body(request)));
  }

  /** Asks for the removal of the stack and all that it has. */
  async remove(): Promise<void> {
    const { known } = this;
    if (known) await this.ask('removing', () => this.stacks.delete(known));
  }

  /** Tells Heat that an object which it takes for good is not: the next update replaces it. */
  async markUnhealthy(resource: string, reason: string): Promise<void> {
    const { known } = this;
    if (known) await this.ask('marking a resource of', () => this.stacks.markUnhealthy(known, resource, reason));
  }

  /** Names of the resources that Heat takes for complete. */
  async goodResources(): Promise<string[]> {
    const { known } = this;
    const list = known ? await this.patiently('looking at the resources', () => this.stacks.resources(known)) : [];
    return list.filter(({ resource_status }) => resource_status.endsWith('_COMPLETE')).map(({ resource_name }) => resource_name);
  }

  /** Carries over what has changed since the last look; asks for the whole list only when something has, or to be sure. */
  async carry(rows: HeatRows, sure = false, final = false): Promise<void> {
    const { known } = this;
    if (!known) return;
    const begun = this.now();
    await this.patiently('looking at the resources', async () => {
      const newest = (await this.stacks.events(known, { limit: 1 }))[0]?.id;
      if (!sure && newest === this.lastEvent) return;
      const list = await this.stacks.resources(known);
      await rows.carry(list, final);
      this.lastEvent = newest;
      this.quietSince = this.now();
    });
    this.lastLookMs = this.now() - begun;
  }

  /** Heat says that a stack is deleted before it has removed its own trust and project: nobody is to take its token before. */
  async untilCleanedUp(): Promise<void> {
    const { known } = this;
    if (!known) return;
    const until = this.now() + CLEAN_UP_MS;
    while (this.now() < until) {
      const stack = await this.patiently('looking at the stack', () => absent(this.stacks.get(known)));
      if (!stack || stack.deletion_time) return;
      await this.pause(FIRST_LOOK_MS, 'waiting for Heat to clean up');
    }
  }

  /** Until the next look is due: soon after something has happened, later while nothing does. @throws StackFailed the time is up */
  async rest(doing: string): Promise<void> {
    const quiet = Math.max(this.lookEveryMs, (this.now() - this.quietSince) / 10);
    await this.pause(Math.min(LAST_LOOK_MS, Math.max(quiet, this.lastLookMs * REST)), doing);
  }

  async pause(ms: number, doing: string, why?: unknown): Promise<void> {
    const left = this.left();
    if (left <= 0) {
      const last = why === undefined ? '' : `; last: ${this.walk.words(why)}`;
      throw this.failure(new ResourceTimeout(`timed out while ${doing}${last}`, { stack: this.name }, { cause: why }));
    }
    await this.walk.parts.clock.sleep(Math.min(ms, left), this.walk.signal);
    this.walk.throwIfStopped();
  }

  async keep(remote: Remote): Promise<void> {
    this.remote = remote;
    await this.walk.keepRemote({ ...remote });
  }

  failure(error: unknown): ReturnType<typeof stackFailure> {
    return stackFailure(this.walk, this.name, this.remote.id, error);
  }

  /** Heat is not watched when nobody is left to tell it to stop: it gets our own bound. */
  private body(request: HeatRequest) {
    return {
      ...request,
      timeout_mins: Math.max(1, Math.ceil(this.left() / MINUTE_MS)),
      disable_rollback: true,
      tags: tagsOf(this.walk.stack, this.remote.token),
    };
  }

  private get stacks() {
    return this.walk.run.cloud.withSignal(this.walk.signal).orchestration.stacks;
  }

  private get known(): HeatStackRef | null {
    return this.remote.id === null ? null : { name: this.name, id: this.remote.id };
  }

  private async ask(verb: string, call: () => Promise<void>): Promise<void> {
    this.walk.throwIfStopped();
    await this.walk.run.cloud.withLife(Math.max(0, this.left()));
    await this.walk.refence();
    const { uuid: stackId, clusterUuid } = this.walk.stack;
    this.walk.parts.log?.info({ stackId, clusterUuid, heatStack: this.name }, `${verb} the stack in Heat`);
    try {
      await call();
      this.refusals = 0;
      this.quietSince = this.now();
    } catch (error) {
      this.walk.throwIfStopped();
      // Busy, made meanwhile, gone meanwhile: the next look knows which.
      if (isConflict(error) || (isNotFound(error) && this.known)) return this.pause(FIRST_LOOK_MS, verb, error);
      const delay = retryDelayMs(error, ++this.refusals);
      if (delay === undefined || this.refusals > MOST_REFUSALS) throw this.asFailure(error);
      await this.pause(delay, verb, error);
    }
  }

  private async patiently<T>(doing: string, call: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      this.walk.throwIfStopped();
      try {
        return await call();
      } catch (error) {
        this.walk.throwIfStopped();
        if (!isRetryable(error) && !isSideEffectUnknown(error)) throw this.asFailure(error);
        await this.pause(retryDelayMs(error, attempt) ?? FIRST_LOOK_MS, doing, error);
      }
    }
  }

  private asFailure(error: unknown): unknown {
    return error instanceof OpenStackError ? this.failure(error) : error;
  }

  private left(): number {
    return this.walk.run.deadline.getTime() - this.now();
  }

  private now(): number {
    return this.walk.parts.clock.now();
  }
}

/** What is under way, as our own engine tells it. */
export function stateIn(walk: StackWalk, since: Map<string, Date>): StackState {
  const rows = [...walk.rows.values()];
  const waiting = rows.filter(({ status }) => status === 'IN_PROGRESS');
  for (const { name } of waiting) if (!since.has(name)) since.set(name, new Date(walk.parts.clock.now()));
  return {
    completed: rows.filter(({ action, status }) => status === 'COMPLETE' && action !== 'INIT').length,
    total: rows.length,
    waitingFor: waiting.map(({ name, type, physicalName, action }) => ({
      logicalName: name,
      type,
      physicalName,
      doing: `Heat: ${action}_IN_PROGRESS`,
      since: since.get(name) ?? new Date(),
    })),
  };
}
