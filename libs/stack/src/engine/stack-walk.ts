import { setMaxListeners } from 'node:events';
import type {
  LoadedStack,
  ResourceChange,
  StackChange,
  StackEvent,
  StackRecord,
  StackResourceRecord,
  StackStore,
} from '#libs/db';
import { ResourceTimeout, StackFailed, type ResourceFailure } from '../errors.js';
import { Graph, type Direction } from '../graph/graph.js';
import { walk, type Slot } from '../graph/walk.js';
import type { AnyResourceType, ResourceContext } from '../resource.js';
import type { Scope } from '../template/expression.js';
import { parameterValues, parseTemplate, type Template } from '../template/template.js';
import { Checkpoints } from './checkpoints.js';
import type { Clock } from './clock.js';
import { redactor } from './redact.js';
import type { ResourceRegistry } from './registry.js';
import type { EngineLog, StackRun, StackState } from './run.js';
import { resolveProperties, validateTemplate } from './validate.js';

export interface EngineParts {
  readonly store: StackStore;
  readonly registry: ResourceRegistry;
  readonly clock: Clock;
  readonly log?: EngineLog | undefined;
  /** Cloud calls under way at the same time in one walk; waiting for objects to become ready does not count. Default 64. */
  readonly concurrency?: number | undefined;
}

/** A resource's row as this walker knows it. */
export type Row = { -readonly [K in keyof StackResourceRecord]: StackResourceRecord[K] };
type RowChange = Partial<Pick<Row, 'action' | 'status' | 'statusReason' | 'physicalId' | 'attempts' | 'attributes'>>;

/** A resource that failed by itself; its row says so already. */
class Failed extends Error {
  constructor(readonly failure: ResourceFailure) {
    super(failure.reason, { cause: failure.cause });
  }
}

const STALE_FENCE_MS = 3_000;
const MOST_REASON_CHARACTERS = 2_000;

/**
 * One walk over one stack: its rows, the right to write them, its time, what it is doing. What is done to a resource is
 * in `create-resource.ts` and `delete-resource.ts`.
 */
export class StackWalk {
  readonly stack: StackRecord;
  readonly rows: ReadonlyMap<string, Row>;
  private readonly checkpoints: Checkpoints;
  private readonly halt = new AbortController();
  private readonly activities = new Map<string, { doing: string; since: number }>();
  private readonly redact: (text: string) => string;
  private program: { readonly template: Template; readonly scope: Scope } | undefined;
  /** When the last commit began that found the lease held. */
  private fencedAt = 0;
  private completed = 0;

  constructor(
    readonly parts: EngineParts,
    readonly run: StackRun,
    readonly action: 'CREATE' | 'DELETE',
    loaded: LoadedStack,
  ) {
    this.stack = loaded.stack;
    this.rows = new Map(loaded.resources.map((row) => [row.name, { ...row }]));
    this.checkpoints = new Checkpoints(parts.store, run.lease, loaded.stack.uuid);
    this.redact = redactor(Object.values(run.hidden));
    // As many listeners as there are waiting resources: thousands are no leak.
    setMaxListeners(0, this.halt.signal);
  }

  /** Aborts when the run is stopped, superseded, or cannot write any more. */
  get signal(): AbortSignal {
    return this.halt.signal;
  }

  /**
   * Visits all rows; FAILED rows and their reasons are written on the way.
   * @throws StackFailed with the root causes; the reason of the stop; Superseded; what the database said
   */
  async walk(direction: Direction, visit: (row: Row, slot: Slot) => Promise<void>): Promise<void> {
    const stop = (): void => this.stop(this.run.signal.reason);
    this.run.signal.addEventListener('abort', stop, { once: true });
    if (this.run.signal.aborted) stop();
    try {
      const { failed } = await walk(new Graph(new Map([...this.rows].map(([name, row]) => [name, row.requires]))), {
        direction,
        visit: (name, slot) => this.visit(name, slot, visit),
        concurrency: this.parts.concurrency ?? 64,
        // A creation that cannot become whole asks for nothing more; a removal removes what it can.
        onFailure: this.action === 'CREATE' ? 'stop' : 'continue',
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
  async checkpoint(row: Row, change: RowChange): Promise<void> {
    const next = { ...row, ...change };
    const moved = next.action !== row.action || next.status !== row.status;
    const { uuid, revision, action, status, statusReason, physicalId, attempts } = next;
    const written: ResourceChange = {
      uuid,
      revision,
      action,
      status,
      statusReason,
      physicalId,
      attempts,
      attributes: change.attributes,
    };
    await this.write([written], moved ? [this.resourceEvent(next)] : []);
    Object.assign(row, change, { revision: revision + 1 });
  }

  /**
   * Before a call that may change the cloud: this walker still has the right to act. Its last commit proves it, unless that
   * is a while ago (it waited, or the process was stopped and woke up again): then the lease is looked at again.
   * @throws Superseded
   */
  async refence(): Promise<void> {
    this.throwIfStopped();
    if (this.parts.clock.now() - this.fencedAt <= STALE_FENCE_MS) return;
    await this.write([], []);
    this.throwIfStopped();
  }

  /** Commits the stack's own state. */
  async stackCheckpoint(change: StackChange): Promise<void> {
    const { name } = this.stack;
    const event: StackEvent = {
      operationUuid: this.run.operationUuid ?? null,
      type: 'stack',
      level: change.status === 'FAILED' ? 'error' : 'info',
      message: `stack ${name}: ${change.action} ${change.status}${change.statusReason ? `: ${change.statusReason}` : ''}`,
      data: { stack: name, stackUuid: this.stack.uuid, action: change.action, status: change.status },
    };
    await this.write([], [event], change);
  }

  /**
   * Waits without taking a place from others. @throws ResourceTimeout at the deadline, with `why`; the reason of a stop
   */
  async wait(row: Row, slot: Slot, ms: number, doing: string, why?: unknown): Promise<void> {
    const left = this.run.deadline.getTime() - this.parts.clock.now();
    if (left <= 0) throw this.timeout(row, doing, why);
    this.doing(row, why === undefined ? doing : `${doing}, again after: ${this.words(why)}`);
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
    const { uuid, name, clusterUuid, projectId } = this.stack;
    return {
      cloud: this.run.cloud,
      physicalName: row.physicalName,
      resourceId: row.uuid,
      logicalName: row.name,
      stack: { uuid, name, clusterUuid, projectId },
      signal,
    };
  }

  /** Reads the stack's template; a creation checks it against the types too. @throws TemplateError */
  readTemplate(): { readonly template: Template; readonly scope: Scope } {
    if (this.program) return this.program;
    const template = parseTemplate(this.stack.template);
    // Whoever deletes may not know the hidden values any more; finding objects needs none of them.
    const values = parameterValues(
      template,
      this.stack.parameters,
      this.run.hidden,
      this.stack,
      this.action === 'DELETE' ? '' : undefined,
    );
    if (this.action === 'CREATE') validateTemplate(template, this.parts.registry, values);
    const needed = (name: string): Row => {
      const row = this.rows.get(name);
      if (!row?.physicalId) throw new Error(`${name} is not there yet`);
      return row;
    };
    const scope: Scope = {
      parameter: (name) => values.get(name),
      resourceId: (name) => needed(name).physicalId as string,
      attribute: (name, attribute) => needed(name).attributes[attribute],
    };
    return (this.program = { template, scope });
  }

  properties(row: Row): unknown {
    const { template, scope } = this.readTemplate();
    const resource = template.resources.get(row.name);
    if (!resource) throw new Error('the template of the stack has no such resource');
    return resolveProperties(resource, this.typeOf(row), scope);
  }

  state(): StackState {
    const waitingFor = [...this.activities].map(([logicalName, { doing, since }]) => {
      const { type = '', physicalName = '' } = this.rows.get(logicalName) ?? {};
      return { logicalName, type, physicalName, doing, since: new Date(since) };
    });
    return { completed: this.completed, total: this.rows.size, waitingFor };
  }

  /** An error's text as it may be shown and stored. */
  words(error: unknown): string {
    const text = error instanceof Error ? error.message : String(error);
    return this.redact(text).slice(0, MOST_REASON_CHARACTERS);
  }

  private doing(row: Row, doing: string): void {
    const known = this.activities.get(row.name);
    if (known?.doing !== doing) this.activities.set(row.name, { doing, since: this.parts.clock.now() });
  }

  private async visit(name: string, slot: Slot, visit: (row: Row, slot: Slot) => Promise<void>): Promise<void> {
    const row = this.rows.get(name) as Row;
    try {
      await visit(row, slot);
      this.completed++;
    } catch (error) {
      // A stop is not the resource's failure: its row stays as it is, for whoever goes on.
      this.throwIfStopped();
      const reason = `${row.type} ${row.physicalName}: ${this.words(error)}`;
      this.parts.log?.warn(
        { stackId: this.stack.uuid, clusterUuid: this.stack.clusterUuid, resource: name, reason },
        `${this.action} failed`,
      );
      await this.checkpoint(row, { action: this.action, status: 'FAILED', statusReason: reason });
      const { type, physicalName, physicalId } = row;
      throw new Failed({ logicalName: name, type, physicalName, physicalId, reason, cause: error });
    } finally {
      this.activities.delete(name);
    }
  }

  private async write(resources: ResourceChange[], events: StackEvent[], stack?: StackChange): Promise<void> {
    const begun = this.parts.clock.now();
    try {
      await this.checkpoints.write(resources, events, stack);
      this.fencedAt = Math.max(this.fencedAt, begun);
    } catch (error) {
      // Without its rows a walker may not go on, whatever the cause.
      this.stop(error);
      throw error;
    }
  }

  private resourceEvent({ name, type, physicalName, physicalId, action, status, statusReason }: Row): StackEvent {
    return {
      operationUuid: this.run.operationUuid ?? null,
      type: 'stack.resource',
      level: status === 'FAILED' ? 'error' : 'info',
      message: statusReason ?? `${type} ${physicalName}: ${action} ${status}`,
      data: { stack: this.stack.name, resource: name, resourceType: type, action, status, physicalId },
    };
  }

  private timeout(row: Row, doing: string, why?: unknown): ResourceTimeout {
    const last = why === undefined ? '' : `; last: ${this.words(why)}`;
    return new ResourceTimeout(`timed out while ${doing}${last}`, { resource: row.name }, { cause: why });
  }
}

function failureOf(error: unknown): ResourceFailure {
  if (error instanceof Failed) return error.failure;
  throw error;
}
