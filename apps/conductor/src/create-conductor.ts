import 'reflect-metadata';
import {
  ConductorsRepository,
  EndingCertificatesRepository,
  EventsRepository,
  IdempotencyKeysRepository,
  LeasesRepository,
  NodesRepository,
  OperationsRepository,
} from '#libs/db';
import { createOperationWorker } from '#libs/jobs';
import { nestLogger } from '#libs/runtime';
import { NestFactory } from '@nestjs/core';
import { ConductorModule } from './conductor.module.js';
import { HealthWatch } from './health/health-watch.js';
import { LedgerWatch, watchLedger } from './ledger/ledger-watch.js';
import { Gauge, type Registry } from 'prom-client';
import { LeaseKeeper } from './leases/lease-keeper.js';
import { OperationProcessor } from './operation.processor.js';
import type { ConductorParts } from './parts.js';
import { AutoHeal } from './ledger/auto-heal.js';
import { markEnding } from './sweeps/ending-certificates.js';
import { startSweeps } from './sweeps/sweeps.js';
import { every, type Periodic } from './sweeps/every.js';

export interface Conductor {
  readonly processor: OperationProcessor;
  /** Takes jobs from now on. */
  start(): Promise<void>;
  /** Takes no new job, hands on what runs, gives the leases back. Does not close the parts. */
  stop(): Promise<void>;
}

/**
 * The conductor as main and the tests run it; not yet started.
 * @throws Error a kind of operation has no handler, a resource type is there twice
 */
export async function createConductor(parts: ConductorParts): Promise<Conductor> {
  const { settings, log, queue } = parts;
  const app = await NestFactory.createApplicationContext(ConductorModule.from(parts), {
    logger: nestLogger(log),
    abortOnError: false,
  });
  const processor = app.get(OperationProcessor);
  const keeper = app.get(LeaseKeeper);
  watchOperations(parts.metrics, processor);
  const worker = createOperationWorker({
    settings: parts.jobs,
    concurrency: settings.CONDUCTOR_CONCURRENCY,
    handler: (operationId) => processor.handle(operationId),
    log,
  });
  let sweeps: Periodic[] = [];
  const ending = new AbortController();
  return {
    processor,
    async start() {
      keeper.start();
      // The sweeps do not wait for the queue, nor the queue for them.
      sweeps = startSweeps({
        operations: app.get(OperationsRepository),
        events: app.get(EventsRepository),
        idempotencyKeys: app.get(IdempotencyKeysRepository),
        leases: app.get(LeasesRepository),
        conductors: app.get(ConductorsRepository),
        queue,
        processor,
        log,
        conductorName: settings.CONDUCTOR_NAME,
        sweepMs: settings.SWEEP_SECONDS * 1000,
      });
      const renewal = {
        ending: new EndingCertificatesRepository(parts.source),
        nodes: app.get(NodesRepository),
        events: app.get(EventsRepository),
        uow: parts.uow,
        days: settings.CERTIFICATE_RENEWAL_DAYS,
        heal: (uuid: string, causes: Parameters<AutoHeal['notReady']>[1]) => app.get(AutoHeal).notReady(uuid, causes),
      };
      sweeps.push(every('ending-certificates', RENEWAL_MS, log, () => markEnding(renewal)));
      if (settings.LEDGER_SCAN_MINUTES > 0) sweeps.push(watchLedger(app.get(LedgerWatch), ending.signal, log));
      if (settings.HEALTH_CHECK_SECONDS > 0) sweeps.push(app.get(HealthWatch).start(ending.signal));
      await worker.start();
      log.info({ queue: worker.health().backend, concurrency: settings.CONDUCTOR_CONCURRENCY }, 'taking operations');
    },
    async stop() {
      const closing = worker.close();
      processor.shutDown();
      ending.abort();
      await Promise.all(sweeps.map((sweep) => sweep.stop()));
      await closing;
      keeper.stop();
      await app.close();
    },
  };
}

const RENEWAL_MS = 3_600_000;
const RUNNING = 'jeroboam_conductor_operations_running';

/** A conductor that is made anew in the same process takes the place of the one before. */
function watchOperations(registry: Registry, processor: OperationProcessor): void {
  registry.removeSingleMetric(RUNNING);
  registry.registerMetric(
    new Gauge({
      name: RUNNING,
      help: 'Operations that this conductor works on now',
      registers: [],
      collect() {
        this.set(processor.running);
      },
    }),
  );
}
