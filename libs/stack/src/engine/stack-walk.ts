import { setMaxListeners } from 'node:events';
import type {
  LoadedStack,
  NewResource,
  ResourceChange,
  StackChange,
  StackCheckpoint,
  StackEvent,
  StackRecord,
  StackStore,
} from '#libs/db';
import { takeRequestId, withCallNote } from '#libs/openstack';
import { ResourceTimeout, StackFailed, toldOf, type ResourceFailure } from '../errors.js';
import type { Graph, Direction } from '../graph/graph.js';
import { walk, type Slot } from '../graph/walk.js';
import type { AnyResourceType, ResourceContext, SignalInbox } from '../resource.js';
import { Checkpoints } from './checkpoints.js';
import type { Clock } from './clock.js';
import { redacted } from './redact.js';
import type { ResourceRegistry } from './registry.js';
import { logicalNameOf } from './row-names.js';
import { openValue, sealValue, type Sealer } from './sealer.js';
import type { EngineLog, StackRun, StackState } from './run.js';
import { StackRows, type Row, type RowChange } from './stack-rows.js';

export interface EngineParts {
  readonly store: StackStore;
  readonly registry: ResourceRegistry;
  readonly clock: Clock;
  readonly log?: EngineLog | undefined;
  /** Without it types with secret attributes cannot be made. */
  readonly sealer?: Sealer | undefined;
  /** Without it there are no wait conditions. */
  readonly inbox?: Omit<SignalInbox, 'now'> | undefined;
  /** Cloud calls under way at the same time in one walk; waiting for objects to become ready does not count. Default 64. */
  readonly concurrency?: number | undefined;
}

/** A resource that failed by itself; its row says so already. */
class Failed extends Error {
  constructor(readonly failure: ResourceFailure) {
    super(failure.reason, { cause: failure.cause });
  }
}

const STALE_FENCE_MS = 3_000;
const MOST_REASON_CHARACTERS = 2_000;

/**
 * One engine's work on one stack: its rows, the right to write them, its time, what it is doing. What is done to a resource
 * is in `apply-resource.ts` and `delete-resource.ts`.
 */
export class StackWalk {
  readonly stack: StackRecord;
  private readonly known: StackRows;
  private readonly checkpoints: Checkpoints;
  private readonly halt = new AbortController();
  private readonly activities = new Map<string, { doing: string; since: number; why: unknown }>();
  private readonly sideWork = new Map<string, Promise<void>>();
  /** What must not show: hidden values, and secrets that were made or opened. */
  private readonly secrets: Set<string>;
  /** When the last commit began that found the lease held. */
  private fencedAt = 0;
  private completed = 0;

  constructor(
    readonly parts: EngineParts,
    readonly run: StackRun,
    readonly action: 'CREATE' | 'UPDATE' | 'DELETE',
    loaded: LoadedStack,
  ) {
    this.stack = loaded.stack;
    this.known = new StackRows(loaded.resources);
    this.checkpoints = new Checkpoints(parts.store, run.lease, loaded.stack.uuid);
    this.secrets = new Set(Object.values(run.hidden));
    // As many listeners as there are waiting resources: thousands are no leak.
    setMaxListeners(0, this.halt.signal);
  }

  /** By name. */
  get rows(): ReadonlyMap<string, Row> {
    return this.known.byName;
  }

  row(name: string): Row {
    return this.rows.get(name) as Row;
  }

  /** Rows whose place the one of this name has taken. */
  retiredRows(logicalName: string): readonly Row[] {
    return this.known.retiredOf(logicalName);
  }

  /** Aborts when the run is stopped, superseded, or cannot write any more. */
  get signal(): AbortSignal {
    return this.halt.signal;
  }

  /**
   * Visits rows by name, forward to make and in reverse to remove; FAILED rows and their reasons are written on the way.
   * @throws StackFailed with the root causes; the reason of the stop; Superseded; what the database said
   */
  async walk(graph: Graph, direction: Direction, visit: (name: string, slot: Slot) => Promise<void>): Promise<void> {
    const stop = (): void => this.stop(this.run.signal.reason);
    this.run.signal.addEventListener('abort', stop, { once: true });
    if (this.run.signal.aborted) stop();
    try {
      const { failed } = await walk(graph, {
        direction,
        visit: (name, slot) => withCallNote(() => this.visit(name, slot, direction, visit)),
        concurrency: this.parts.concurrency ?? 64,
        // What cannot become whole asks for nothing more; a removal removes what it can.
        onFailure: direction === 'forward' ? 'stop' : 'continue',
        signal: this.signal,
      }).finished;
      this.throwIfStopped();
      if (failed.size > 0)
        throw new StackFailed(this.stack.uuid, this.stack.name, this.action, [...failed.values()].map(failureOf));
    } finally {
      this.run.signal.removeEventListener('abort', stop);
    }
  }

  /** Commits what the row becomes; the transition is an event in the same transaction. Answers are kept even after a stop. */
  async checkpoint(row: Row, change: RowChange, told: object = {}): Promise<void> {
    const next = { ...row, ...change };
    const moved = next.action !== row.action || next.status !== row.status;
    await this.write({
      resources: [written(next, change)],
      events: moved ? [this.resourceEvent(next, row.physicalId, told)] : [],
    });
    this.known.keep(row, change);
  }

  /** Another row takes the name of this one, which is called `name` from now on. */
  async supplant(row: Row, name: string, successor: NewResource): Promise<Row> {
    const message = `${row.type} ${row.physicalName}: ${successor.physicalName} is to take its place`;
    const event = { ...this.resourceEvent(row, null), message };
    await this.write({ resources: [written(row, { name })], added: [successor], events: [event] });
    this.known.keep(row, { name });
    return this.known.admit(successor);
  }

  /** Gives the row another name. */
  async rename(row: Row, name: string): Promise<void> {
    await this.write({ resources: [written(row, { name })], events: [] });
    this.known.keep(row, { name });
  }

  /** Of several visitors that find the same row in their way one does the work, the others wait for its end. */
  async onceAtATime(row: Row, slot: Slot, work: () => Promise<void>): Promise<void> {
    const underWay = this.sideWork.get(row.uuid);
    if (underWay) return slot.rest(() => underWay);
    const begun = work().finally(() => this.sideWork.delete(row.uuid));
    this.sideWork.set(row.uuid, begun);
    await begun;
  }

  /** The row of what is removed goes. */
  async drop(row: Row): Promise<void> {
    await this.write({ resources: [], removed: [row.uuid], events: [] });
    this.known.leave(row);
  }

  /**
   * Before a call that may change the cloud: this walker still has the right to act. Its last commit proves it, unless that
   * is a while ago (it waited, or the process was stopped and woke up again): then the lease is looked at again.
   * @throws Superseded
   */
  async refence(): Promise<void> {
    this.throwIfStopped();
    if (this.parts.clock.now() - this.fencedAt <= STALE_FENCE_MS) return;
    await this.write({ resources: [], events: [] });
    this.throwIfStopped();
  }

  /** Commits the stack's own state, and what rows it gets. */
  async stackCheckpoint(change: StackChange, added: readonly NewResource[] = []): Promise<void> {
    const { name } = this.stack;
    const event: StackEvent = {
      operationUuid: this.run.operationUuid ?? null,
      type: 'stack',
      level: change.status === 'FAILED' ? 'error' : 'info',
      message: `stack ${name}: ${change.action} ${change.status}${change.statusReason ? `: ${change.statusReason}` : ''}`,
      data: { stack: name, stackUuid: this.stack.uuid, action: change.action, status: change.status },
    };
    await this.write({ resources: [], added, stack: change, events: [event] });
    for (const row of added) this.known.admit(row);
  }

  /** Commits how another service knows this stack, while the walk is under way: no transition, no event. */
  async keepRemote(remote: Readonly<Record<string, unknown>>): Promise<void> {
    await this.write({
      resources: [],
      stack: { action: this.action, status: 'IN_PROGRESS', statusReason: null, remote },
      events: [],
    });
  }

  /**
   * Waits without taking a place from others. @throws ResourceTimeout at the deadline, with `why`; the reason of a stop
   */
  async wait(row: Row, slot: Slot, ms: number, doing: string, why?: unknown): Promise<void> {
    const left = this.run.deadline.getTime() - this.parts.clock.now();
    if (left <= 0) throw this.timeout(row, doing, why);
    this.doing(row, why === undefined ? doing : `${doing}, again after: ${this.words(why)}`, why);
    await slot.rest(() => this.parts.clock.sleep(Math.min(ms, left), this.signal));
    if (ms > left) throw this.timeout(row, doing, why);
    this.throwIfStopped();
  }

  /** @throws ResourceTimeout when nothing may begin any more; the reason of a stop */
  checkMayBegin(row: Row, doing: string): void {
    this.throwIfStopped();
    if (this.parts.clock.now() >= this.run.deadline.getTime()) throw this.timeout(row, doing);
    this.doing(row, doing);
  }

  /** One line before each write to the cloud. */
  logWrite(row: Row, verb: string): void {
    const { uuid: stackId, clusterUuid, name: stack } = this.stack;
    this.parts.log?.info(
      { stackId, clusterUuid, stack, resource: row.name, physicalName: row.physicalName, attempt: row.attempts },
      `${verb} ${row.type}`,
    );
  }

  throwIfStopped(): void {
    this.signal.throwIfAborted();
  }

  stop(reason: unknown): void {
    this.halt.abort(reason);
  }

  typeOf(row: Row): AnyResourceType {
    const type = this.parts.registry.find(row.type);
    if (!type) throw new Error('this process knows no such type');
    return type;
  }

  context(row: Row, signal: AbortSignal = this.signal): ResourceContext {
    const { inbox, clock } = this.parts;
    const { uuid, name, clusterUuid, projectId } = this.stack;
    return {
      cloud: this.run.cloud,
      physicalName: row.physicalName,
      resourceId: row.uuid,
      logicalName: row.name,
      stack: { uuid, name, clusterUuid, projectId },
      signal,
      inbox: inbox && { ...inbox, now: () => clock.now() },
    };
  }

  state(): StackState {
    const waitingFor = [...this.activities].map(([logicalName, { doing, since, why }]) => {
      const { type = '', physicalName = '' } = this.rows.get(logicalName) ?? {};
      return { logicalName, type, physicalName, doing, since: new Date(since), why };
    });
    return { completed: this.completed, total: this.rows.size, waitingFor };
  }

  /** An error's text as it may be shown and stored. */
  words(error: unknown): string {
    const text = error instanceof Error ? error.message : String(error);
    return redacted(text, this.secrets).slice(0, MOST_REASON_CHARACTERS);
  }

  /** As the row keeps a secret. */
  seal(row: Row, value: unknown): unknown {
    if (typeof value === 'string') this.secrets.add(value);
    return sealValue(this.parts.sealer, row.uuid, value);
  }

  readonly open = (row: { readonly uuid: string }, stored: unknown): unknown => {
    const value = openValue(this.parts.sealer, row.uuid, stored);
    if (typeof value === 'string') this.secrets.add(value);
    return value;
  };

  private doing(row: Row, doing: string, why?: unknown): void {
    const known = this.activities.get(row.name);
    if (known?.doing !== doing) this.activities.set(row.name, { doing, since: this.parts.clock.now(), why });
  }

  private async visit(
    name: string,
    slot: Slot,
    direction: Direction,
    visit: (name: string, slot: Slot) => Promise<void>,
  ): Promise<void> {
    try {
      await visit(name, slot);
      this.completed++;
    } catch (error) {
      // A stop is not the resource's failure: its row stays as it is, for whoever goes on.
      this.throwIfStopped();
      // Its name may have passed to another row meanwhile: that one has failed.
      const row = this.row(name);
      const action = actionOf(row, direction);
      const reason = `${row.type} ${row.physicalName}: ${this.words(error)}`;
      const { uuid: stackId, clusterUuid } = this.stack;
      this.parts.log?.warn({ stackId, clusterUuid, resource: name, reason }, `${action} failed`);
      await this.checkpoint(row, { action, status: 'FAILED', statusReason: reason }, toldOf(error));
      const { type, physicalName, physicalId } = row;
      throw new Failed({ logicalName: name, type, physicalName, physicalId, reason, cause: error });
    } finally {
      this.activities.delete(name);
    }
  }

  private async write(checkpoint: StackCheckpoint): Promise<void> {
    const begun = this.parts.clock.now();
    try {
      await this.checkpoints.write(checkpoint);
      this.fencedAt = Math.max(this.fencedAt, begun);
    } catch (error) {
      // Without its rows a walker may not go on, whatever the cause.
      this.stop(error);
      throw error;
    }
  }

  private resourceEvent(row: Row, lastId: string | null, told: object = {}): StackEvent {
    const { type, physicalName, action, status, statusReason } = row;
    const [resource, physicalId] = [logicalNameOf(row.name), row.physicalId ?? lastId];
    const requestId = takeRequestId();
    return {
      operationUuid: this.run.operationUuid ?? null,
      type: 'stack.resource',
      level: status === 'FAILED' ? 'error' : 'info',
      message: statusReason ?? `${type} ${physicalName}: ${action} ${status}`,
      data: {
        ...{ stack: this.stack.name, resource, resourceType: type, action, status, physicalId },
        ...(requestId === undefined ? {} : { requestId }),
        ...told,
      },
    };
  }

  private timeout(row: Row, doing: string, why?: unknown): ResourceTimeout {
    const last = why === undefined ? '' : `; last: ${this.words(why)}`;
    return new ResourceTimeout(`timed out while ${doing}${last}`, { resource: row.name }, { cause: why });
  }
}

function written(next: Row, change: RowChange): ResourceChange {
  const { uuid, revision, action, status, statusReason, physicalId, attempts } = next;
  const { name, attributes, requires } = change;
  const definition = change.definition ?? undefined;
  return { uuid, revision, action, status, statusReason, physicalId, attempts, name, attributes, definition, requires };
}

/** What has failed, when nothing of it had begun yet too. */
function actionOf(row: Row, direction: Direction): Row['action'] {
  if (direction === 'reverse') return 'DELETE';
  if (row.action === 'INIT') return 'CREATE';
  return row.status === 'COMPLETE' ? 'UPDATE' : row.action;
}

function failureOf(error: unknown): ResourceFailure {
  if (error instanceof Failed) return error.failure;
  throw error;
}
