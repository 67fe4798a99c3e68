import { setTimeout as sleep } from 'node:timers/promises';
import {
  clusterLease,
  isDatabaseAway,
  operationOwner,
  type ClusterWorkRepository,
  type EventsRepository,
  type OperationEntity,
  type OperationsRepository,
  type OperationStepsRepository,
  type SecretStore,
  type Signals,
  type StoredFailure,
  type UnitOfWork,
} from '#libs/db';
import { isTerminal, Superseded, type OperationKind } from '#libs/domain';
import type { JobOutcome } from '#libs/jobs';
import type { Logger } from 'pino';
import type { HeldLease, LeaseKeeper } from './leases/lease-keeper.js';
import { storedFailure } from './operations/describe-failure.js';
import { judge } from './operations/failure.js';
import type { OperationHandler } from './operations/operation.js';
import { SERVICE } from './operations/service-scope.js';
import { RunningOperation } from './operations/running-operation.js';
import { AbortRequested, Overtaken, ShuttingDown } from './operations/stop-reasons.js';

export interface ProcessorParts {
  readonly uow: UnitOfWork;
  readonly operations: OperationsRepository;
  readonly steps: OperationStepsRepository;
  readonly clusters: ClusterWorkRepository;
  readonly events: EventsRepository;
  readonly secrets: SecretStore;
  readonly signals: Signals;
  readonly keeper: LeaseKeeper;
  readonly handlers: readonly OperationHandler[];
  readonly log: Logger;
  /** Bound of an operation without a deadline of its own. */
  readonly defaultTimeoutMinutes: number;
}

const DONE = { kind: 'done' } as const;
const again = (afterMs: number): JobOutcome => ({ kind: 'again', afterMs });
const DATABASE_AWAY_MS = 1000;
const UNKNOWN_KIND_MS = 5000;
const FAIL_TRIES = 3;
const FAIL_AGAIN_MS = 200;

/**
 * Runs operations: a wake-up takes the cluster's lease and works off what is open for that cluster, in order. The one
 * place where an error becomes retry or failure.
 */
export class OperationProcessor {
  readonly #handlers: ReadonlyMap<OperationKind, OperationHandler>;
  readonly #running = new Map<string, RunningOperation>();
  readonly #stopListening: () => void;
  #stopping = false;

  /** @throws Error a kind of operation has no handler, or two: the process must not start */
  constructor(
    private readonly parts: ProcessorParts,
    kinds: readonly OperationKind[],
  ) {
    this.#handlers = handlersByKind(parts.handlers, kinds);
    this.#stopListening = parts.signals.on('operations', (clusterUuid) => {
      this.lookForAborts(clusterUuid).catch((error: unknown) => {
        parts.log.warn({ error: String(error) }, 'looking for aborts failed: the next look comes with the sweep');
      });
    });
  }

  /** How many operations run here now. */
  get running(): number {
    return this.#running.size;
  }

  /** Tells every running operation to stop and hand on. Await the worker's close for their end. */
  shutDown(): void {
    this.#stopping = true;
    this.#stopListening();
    for (const running of this.#running.values()) running.stop(new ShuttingDown());
  }

  /** One wake-up. Never throws: what cannot be done now is put back, and the sweep stands behind that. */
  async handle(operationId: string): Promise<JobOutcome> {
    try {
      const operation = await this.parts.operations.find(SERVICE, operationId);
      if (!operation || isTerminal(operation.status)) return DONE;
      return await this.#workOff(operation.clusterUuid);
    } catch (error) {
      this.parts.log.error({ operationId, err: error }, 'an operation cannot be worked on now');
      return again(DATABASE_AWAY_MS);
    }
  }

  /** Stops those running operations that somebody asked to stop. Null: look at all. */
  async lookForAborts(clusterUuid: string | null = null): Promise<void> {
    const candidates = [...this.#running.values()].filter(
      (one) => clusterUuid === null || one.operation.clusterUuid === clusterUuid,
    );
    const stopped = await this.parts.operations.stopRequested(
      SERVICE,
      candidates.map((one) => one.operation.uuid),
    );
    for (const { uuid, abortedBy } of stopped) {
      this.#running.get(uuid)?.stop(abortedBy === null ? new Overtaken() : new AbortRequested());
    }
  }

  /** Until nothing is open for the cluster. What is asked for while the lease goes back is seen by the second look. */
  async #workOff(clusterUuid: string): Promise<JobOutcome> {
    for (;;) {
      if (this.#stopping) return again(0);
      const held = await this.parts.keeper.acquire(clusterLease(clusterUuid));
      if (!held) return DONE;
      try {
        const outcome = await this.#underLease(clusterUuid, held);
        if (outcome.kind === 'again') return outcome;
      } finally {
        await held.release().catch((error: unknown) => {
          this.parts.log.warn({ clusterUuid, error: String(error) }, 'releasing the lease failed: it will expire');
        });
      }
      if ((await this.parts.operations.open(SERVICE, clusterUuid)).length === 0) return DONE;
    }
  }

  async #underLease(clusterUuid: string, held: HeldLease): Promise<JobOutcome> {
    for (;;) {
      const [operation] = await this.parts.operations.open(SERVICE, clusterUuid);
      if (!operation || held.signal.aborted) return DONE;
      const clockOffsetMs = await this.parts.operations.clockOffsetMs();
      const waitMs = operation.notBefore.getTime() - clockOffsetMs - Date.now();
      if (operation.abortRequested && operation.abortedBy === null && operation.attempts === 0) {
        await this.#end(held, operation, 'superseded', null);
      } else if (waitMs > 0) return again(waitMs);
      else {
        const outcome = await this.#run(operation, held, clockOffsetMs);
        if (outcome.kind === 'again') return outcome;
      }
    }
  }

  async #run(operation: OperationEntity, held: HeldLease, clockOffsetMs: number): Promise<JobOutcome> {
    const handler = this.#handlers.get(operation.kind);
    const cluster = await this.parts.clusters.find(SERVICE, operation.clusterUuid);
    if (!cluster) {
      const [code, message] = ['operation-impossible', 'the cluster is not there any more'] as const;
      await this.#end(held, operation, 'failed', storedFailure({ code, message, step: operation.step ?? 'start' }));
      return DONE;
    }
    if (!handler && operation.abortRequested && operation.abortedBy === null) {
      await this.#end(held, operation, 'superseded', null);
      return DONE;
    }
    if (!handler) {
      // The API is newer than this conductor. Failed here, the cluster would stay in progress for ever.
      this.parts.log.warn({ operationId: operation.uuid, kind: operation.kind }, 'leaving an operation to a newer conductor');
      return again(UNKNOWN_KIND_MS);
    }
    const running = new RunningOperation({ ...this.parts, operation, handler, cluster, held, clockOffsetMs });
    this.#running.set(operation.uuid, running);
    if (this.#stopping) running.stop(new ShuttingDown());
    try {
      return await this.#steps(running);
    } finally {
      this.#running.delete(operation.uuid);
      running.dispose();
    }
  }

  async #steps(running: RunningOperation): Promise<JobOutcome> {
    const { log, signal } = running;
    for (let attempt = 1; ; attempt++) {
      try {
        await running.run();
        return DONE;
      } catch (error) {
        const step = running.stepName;
        const verdict = judge(error, step, signal, attempt);
        switch (verdict.kind) {
          case 'lost':
            log.warn({ step }, 'stopping: somebody else has the lease');
            return DONE;
          case 'hand-on':
            log.info({ step }, 'handing on to another conductor');
            return again(0);
          case 'database-away':
            log.warn({ step, error: String(error) }, 'the database is away');
            return again(DATABASE_AWAY_MS);
          case 'superseded':
            log.info({ step }, 'stopping: another operation takes over');
            await running.supersede();
            return DONE;
          case 'aborted':
            log.info({ step }, 'stopping: its end was asked for');
            await this.#fail(running, running.aborted(), 'aborted');
            return DONE;
          case 'too-late':
            await this.#fail(running, await running.tooLate());
            return DONE;
          case 'fail':
            log.warn({ step, err: error, reason: verdict.failure.message }, 'failing the operation');
            await this.#fail(running, verdict.failure);
            return DONE;
          case 'retry':
            log.warn({ step, afterMs: verdict.afterMs, reason: verdict.why }, 'trying the step again');
            running.awaiting({ words: `${verdict.why} (tried again)`, cause: verdict.cause });
            await sleep(verdict.afterMs, undefined, { signal }).catch(() => undefined);
        }
      }
    }
  }

  /** A kind's own end that cannot be written is tried a few times; then the operation ends without it. */
  async #fail(running: RunningOperation, failure: StoredFailure, status: 'failed' | 'aborted' = 'failed'): Promise<void> {
    await running.unwind();
    for (let tries = 1; ; tries++) {
      try {
        await running.fail(failure, status, tries > FAIL_TRIES);
        return;
      } catch (error) {
        if (error instanceof Overtaken) return running.supersede();
        if (error instanceof Superseded || isDatabaseAway(error) || tries > FAIL_TRIES) throw error;
        running.log.error({ err: error, tries }, 'the end of a failed operation cannot be written');
        await sleep(FAIL_AGAIN_MS * tries);
      }
    }
  }

  async #end(
    held: HeldLease,
    operation: OperationEntity,
    status: 'superseded' | 'failed',
    error: StoredFailure | null,
  ): Promise<void> {
    const { uow, operations, events, secrets } = this.parts;
    await uow.fenced(held.lease, async (tx) => {
      await operations.finish(tx, operation.uuid, status, error);
      await secrets.erase(tx, operationOwner(operation.uuid));
      await events.add(tx, {
        clusterUuid: operation.clusterUuid,
        projectId: operation.projectId,
        operationUuid: operation.uuid,
        type: `operation.${status}`,
        level: error ? 'error' : 'info',
        message: error?.message ?? `${operation.kind}: another operation takes over`,
        data: { kind: operation.kind, ...error },
      });
    });
  }
}

function handlersByKind(
  handlers: readonly OperationHandler[],
  kinds: readonly OperationKind[],
): Map<OperationKind, OperationHandler> {
  const byKind = new Map(handlers.map((handler) => [handler.kind, handler]));
  if (byKind.size !== handlers.length) throw new Error('two handlers for one kind of operation');
  const missing = kinds.filter((kind) => !byKind.has(kind));
  if (missing.length > 0) throw new Error(`no handler for operations of kind ${missing.join(', ')}`);
  return byKind;
}
