import {
  operationOwner,
  type ClusterEntity,
  type ClusterWorkRepository,
  type EventLevel,
  type EventsRepository,
  type NewEvent,
  type OperationEntity,
  type OperationStepsRepository,
  type OperationsRepository,
  type SecretStore,
  type StoredFailure,
  type Tx,
  type UnitOfWork,
} from '#libs/db';
import { Superseded } from '#libs/domain';
import type { Logger } from 'pino';
import type { HeldLease } from '../leases/lease-keeper.js';
import { storedFailure } from './describe-failure.js';
import type { Awaited } from './awaited.js';
import type { OperationContext, OperationHandler, Step } from './operation.js';
import { SERVICE } from './service-scope.js';
import { AbortRequested, DeadlineExceeded, LeaseLost, Overtaken, type StopReason } from './stop-reasons.js';

export interface RunningParts {
  readonly uow: UnitOfWork;
  readonly operations: OperationsRepository;
  readonly steps: OperationStepsRepository;
  readonly clusters: ClusterWorkRepository;
  readonly events: EventsRepository;
  readonly secrets: SecretStore;
  readonly operation: OperationEntity;
  readonly handler: OperationHandler;
  readonly cluster: ClusterEntity;
  readonly held: HeldLease;
  readonly log: Logger;
  readonly defaultTimeoutMinutes: number;
  /** How far the database's clock is ahead: stored times are its. */
  readonly clockOffsetMs: number;
}

const MINUTE_MS = 60_000;
/** What may be put back after a failure is put back within this time. */
const UNWIND_MS = 10_000;
/** The longest a timer takes; a later deadline is looked at again then. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** One operation under its lease: its steps, its stop signal, its deadline. */
export class RunningOperation {
  readonly operation: OperationEntity;
  readonly log: Logger;
  readonly deadline: Date;
  readonly #controller = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  readonly #unlink: () => void;
  #cluster: ClusterEntity;
  #attempt = 1;
  /** It is told that this run has taken the operation up. */
  #taken = false;
  /** A step of this run has begun. */
  #started = false;
  /** Steps that this run has finished: a retry goes on behind them. */
  #position = 0;
  #awaited: Awaited | (() => Awaited | Promise<Awaited>) = '';
  /** Asked for when the time is up, before the step winds down. */
  #awaitedThen: Promise<Awaited> | undefined;

  constructor(private readonly parts: RunningParts) {
    this.operation = parts.operation;
    this.#cluster = parts.cluster;
    this.log = parts.log.child({
      operationId: parts.operation.uuid,
      clusterUuid: parts.operation.clusterUuid,
      requestId: parts.operation.requestId,
      kind: parts.operation.kind,
    });
    const { deadlineAt } = parts.operation;
    this.deadline = deadlineAt
      ? new Date(deadlineAt.getTime() - parts.clockOffsetMs)
      : new Date(Date.now() + parts.defaultTimeoutMinutes * MINUTE_MS);
    this.#watchTime();
    const lost = (): void => this.stop(new LeaseLost());
    parts.held.signal.addEventListener('abort', lost, { once: true });
    if (parts.held.signal.aborted) lost();
    if (parts.operation.abortRequested) this.stop(parts.operation.abortedBy === null ? new Overtaken() : new AbortRequested());
    this.#unlink = () => parts.held.signal.removeEventListener('abort', lost);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get stepName(): string {
    return this.#step?.name ?? 'finish';
  }

  /** The first reason counts. */
  stop(reason: StopReason): void {
    this.#controller.abort(reason);
  }

  awaiting(what: Awaited | (() => Awaited | Promise<Awaited>)): void {
    this.#awaited = what;
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#unlink();
  }

  /** All steps from where this run is; called again after a retry. */
  async run(): Promise<void> {
    const { steps } = this.parts.handler;
    while (this.#position < steps.length) {
      const step = steps[this.#position] as Step;
      this.signal.throwIfAborted();
      await this.#begin(step);
      this.signal.throwIfAborted();
      await step.run(this.#context());
      // A step that ended in spite of the signal has done its work; the next one is not begun.
      this.#position++;
    }
    this.signal.throwIfAborted();
    await this.#write(async (tx) => {
      await this.#finish(tx, 'complete', null);
      if (this.#stepBefore !== null) await this.parts.steps.end(tx, this.operation.uuid, this.#stepBefore, null);
      await this.parts.handler.complete(this.#context(), tx);
      await this.#event(tx, 'operation.complete', `${this.operation.kind} is complete`);
    });
    this.log.info({ ms: Date.now() - this.operation.createdAt.getTime() }, 'completed the operation');
  }

  /** Puts back what can be put back, within a few seconds. Never throws. */
  async unwind(): Promise<void> {
    const { handler, held } = this.parts;
    if (!handler.unwind) return;
    const signal = AbortSignal.any([held.signal, AbortSignal.timeout(UNWIND_MS)]);
    try {
      await handler.unwind({ ...this.#context(), signal });
    } catch (error) {
      this.log.warn({ error: String(error) }, 'not all could be put back');
    }
  }

  /**
   * @param plainly without the kind's own end: cluster and groups that are in progress become failed
   * @throws Overtaken another operation takes over: that counts more
   */
  async fail(failure: StoredFailure, status: 'failed' | 'aborted', plainly = false): Promise<void> {
    await this.#write(async (tx) => {
      await this.#finish(tx, status, failure);
      await this.parts.steps.end(tx, this.operation.uuid, this.#lastStep, failure);
      if (plainly) await this.parts.clusters.failInProgress(tx, this.operation, failure.message);
      else await this.parts.handler.fail(this.#context(), tx, failure);
      const level = status === 'failed' ? 'error' : 'warning';
      await this.#event(tx, `operation.${status}`, failure.message, level, { ...failure });
    });
  }

  /** Another operation takes over. */
  async supersede(): Promise<void> {
    const message = 'another operation takes over';
    await this.#write(async (tx) => {
      await this.parts.clusters.lock(tx, this.operation.clusterUuid);
      await this.parts.operations.finish(tx, this.operation.uuid, 'superseded', null);
      await this.parts.secrets.erase(tx, operationOwner(this.operation.uuid));
      await this.parts.steps.end(tx, this.operation.uuid, this.#lastStep, { code: 'superseded', message });
      await this.parts.handler.superseded?.(this.#context(), tx);
      await this.#event(tx, 'operation.superseded', `${this.operation.kind}: ${message}`);
    });
  }

  /** The failure of an operation whose end somebody asked for. */
  aborted(): StoredFailure {
    const step = this.#started ? this.stepName : this.operation.step;
    const message = step ? `${step}: aborted by request` : 'aborted by request before it was begun';
    return storedFailure({ code: 'aborted', message, step: step ?? this.stepName });
  }

  /** The failure of an operation whose time is up: names the step and what is still awaited. */
  async tooLate(): Promise<StoredFailure> {
    const until = this.operation.deadlineAt ?? this.deadline;
    const minutes = Math.round((until.getTime() - this.operation.createdAt.getTime()) / MINUTE_MS);
    const limit = this.operation.kind === 'create' ? 'create_timeout' : 'time limit';
    const awaited = await (this.#awaitedThen ?? this.#awaitedNow());
    const { words, cause } = typeof awaited === 'string' ? { words: awaited, cause: undefined } : awaited;
    return storedFailure({
      code: 'deadline-exceeded',
      message: `${limit} of ${minutes} minutes exceeded in step ${this.#lastStep}${words ? `: waiting for ${words}` : ''}`,
      step: this.#lastStep,
      cause,
    });
  }

  /** The step that an earlier run was in, as long as this one has not begun. */
  get #lastStep(): string {
    return this.#started ? this.stepName : (this.operation.step ?? this.stepName);
  }

  get #step(): Step | undefined {
    return this.parts.handler.steps[this.#position];
  }

  #watchTime(): void {
    const leftMs = this.deadline.getTime() - Date.now();
    this.#timer = setTimeout(
      () => (leftMs > LONGEST_TIMER_MS ? this.#watchTime() : this.#timeIsUp()),
      Math.min(LONGEST_TIMER_MS, Math.max(0, leftMs)),
    );
  }

  #timeIsUp(): void {
    this.#awaitedThen = this.#awaitedNow();
    this.stop(new DeadlineExceeded());
  }

  async #awaitedNow(): Promise<Awaited> {
    try {
      return typeof this.#awaited === 'function' ? await this.#awaited() : this.#awaited;
    } catch (error) {
      this.log.warn({ error: String(error) }, 'cannot say what is awaited');
      return '';
    }
  }

  /** Ends the step before and begins this one, at once. */
  async #begin(step: Step): Promise<void> {
    this.#awaited = '';
    if (!this.#taken) await this.#write((tx) => this.#start(tx));
    this.#taken = true;
    const count = await this.parts.steps.turn(this.parts.held.lease, {
      operationUuid: this.operation.uuid,
      before: this.#stepBefore,
      name: step.name,
      position: this.#position,
      progress: Math.floor((this.#position * 100) / this.parts.handler.steps.length),
      event: this.#news('operation.step', `${this.operation.kind}: ${step.name}`, 'info', { step: step.name }),
    });
    // Something of what it does again may be there already.
    this.#attempt = this.operation.retryOf === null ? count : count + 1;
    this.#started = true;
    const cluster = await this.parts.clusters.find(SERVICE, this.operation.clusterUuid);
    if (!cluster) throw new Superseded('the cluster is not there any more');
    this.#cluster = cluster;
    this.log.info({ step: step.name, attempt: this.#attempt }, 'beginning a step');
  }

  async #start(tx: Tx): Promise<void> {
    await this.parts.operations.start(tx, this.operation.uuid);
    const first = this.operation.attempts === 0;
    const type = first ? 'operation.started' : 'operation.resumed';
    await this.#event(tx, type, `${this.operation.kind} ${first ? 'has begun' : 'goes on'}`);
  }

  async #finish(tx: Tx, status: 'complete' | 'failed' | 'aborted', failure: StoredFailure | null): Promise<void> {
    await this.parts.clusters.lock(tx, this.operation.clusterUuid);
    if (!(await this.parts.operations.finish(tx, this.operation.uuid, status, failure))) throw new Overtaken();
    await this.parts.secrets.erase(tx, operationOwner(this.operation.uuid));
  }

  /** The one before the position. */
  get #stepBefore(): string | null {
    return this.parts.handler.steps[this.#position - 1]?.name ?? null;
  }

  #context(): OperationContext {
    return {
      operation: this.operation,
      cluster: this.#cluster,
      lease: this.parts.held.lease,
      signal: this.signal,
      deadline: this.deadline,
      attempt: this.#attempt,
      log: this.log.child({ step: this.stepName }),
      write: (unit) => this.#write(unit),
      awaiting: (what) => this.awaiting(what),
    };
  }

  #write<T>(unit: (tx: Tx) => Promise<T>): Promise<T> {
    return this.parts.uow.fenced(this.parts.held.lease, unit);
  }

  async #event(tx: Tx, type: string, message: string, level?: EventLevel, data?: Record<string, unknown>): Promise<void> {
    await this.parts.events.add(tx, this.#news(type, message, level, data));
  }

  #news(type: string, message: string, level: EventLevel = 'info', data: Record<string, unknown> = {}): NewEvent {
    return {
      clusterUuid: this.operation.clusterUuid,
      projectId: this.operation.projectId,
      operationUuid: this.operation.uuid,
      type,
      level,
      message,
      data: { kind: this.operation.kind, ...data },
    };
  }
}
