import type {
  ConductorsRepository,
  EventsRepository,
  IdempotencyKeysRepository,
  LeasesRepository,
  OperationsRepository,
} from '#libs/db';
import type { OperationQueue } from '#libs/jobs';
import type { Logger } from 'pino';
import type { OperationProcessor } from '../operation.processor.js';
import { SERVICE } from '../operations/service-scope.js';
import { every, type Periodic } from './every.js';

export interface SweepParts {
  readonly operations: OperationsRepository;
  readonly events: EventsRepository;
  readonly idempotencyKeys: IdempotencyKeysRepository;
  readonly leases: LeasesRepository;
  readonly conductors: ConductorsRepository;
  readonly queue: OperationQueue;
  readonly processor: OperationProcessor;
  readonly log: Logger;
  readonly conductorName: string;
  readonly sweepMs: number;
}

/** Jobs sent again by one sweep: the rest is for the next one. */
const BATCH = 500;
const HEARTBEAT_MS = 5_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const RETENTION_DAYS = 90;
const SILENT_CONDUCTOR_DAYS = 7;
const IDEMPOTENCY_HOURS = 24;

/** What a conductor does beside operations. Each may fail and comes again; several conductors may do it at once. */
export function startSweeps(parts: SweepParts): Periodic[] {
  const { operations, events, leases, conductors, log } = parts;
  return [
    every('lost-operations', parts.sweepMs, log, () => sendLostOperations(parts)),
    every('aborts', parts.sweepMs, log, () => parts.processor.lookForAborts()),
    every('heartbeat', HEARTBEAT_MS, log, () => conductors.beat(parts.conductorName)),
    every('secrets', MINUTE_MS, log, () => operations.eraseSecretsOfFinished(SERVICE)),
    every('retention', HOUR_MS, log, async () => {
      await operations.removeFinished(RETENTION_DAYS);
      await events.removeOfGone(RETENTION_DAYS);
      await parts.idempotencyKeys.removeOld(IDEMPOTENCY_HOURS);
      await leases.removeStale();
      await conductors.removeSilent(SILENT_CONDUCTOR_DAYS);
    }),
  ];
}

/** Sends the job again of every operation that is due and that nobody works on. @returns how many */
export async function sendLostOperations(parts: Pick<SweepParts, 'operations' | 'queue' | 'log' | 'sweepMs'>): Promise<number> {
  const lost = await parts.operations.claimLost(SERVICE, parts.sweepMs, BATCH);
  for (const operationId of lost) {
    parts.log.info({ operationId }, 'sending the operation again');
    // A queue that is away takes a second to say so; what was not sent is due again in a moment.
    if (!(await parts.queue.add(operationId))) break;
  }
  return lost.length;
}
