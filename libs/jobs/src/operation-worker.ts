import { DelayedError } from 'bullmq';
import { openWorker, queueBackendName } from './backend.js';
import type { JobsLog, JobsSettings } from './backend.js';

/** What became of a job. `again`: put it back, this or another conductor takes it after `afterMs`. */
export type JobOutcome = { readonly kind: 'done' } | { readonly kind: 'again'; readonly afterMs: number };

export interface OperationWorkerOptions {
  readonly settings: JobsSettings;
  /** Operations at once in this process. */
  readonly concurrency: number;
  /** Called once per wake-up with the operation's uuid. Must be safe to call twice, at once, anywhere. */
  readonly handler: (operationId: string) => Promise<JobOutcome>;
  readonly log: JobsLog;
}

export interface OperationWorker {
  /** Takes jobs from now on. Resolves when the queue has answered once; tries until it does. */
  start(): Promise<void>;
  /** Takes no new job from the call on, and waits for those under way. */
  close(): Promise<void>;
  health(): { backend: 'redis' | 'postgres'; running: boolean };
}

const START_RETRY_MS = 1000;
const PASS_ON = { kind: 'again', afterMs: 20 } as const;

/** The only consumer: BullMQ with short locks, so that the jobs of a killed process come back within seconds. */
export function createOperationWorker(options: OperationWorkerOptions): OperationWorker {
  const { settings, log } = options;
  const open = (): ReturnType<typeof openWorker> => {
    const opened = openWorker(settings, options.concurrency, async (job, token) => {
      // One that was on its way while we began to close is for another process.
      const outcome: JobOutcome = closed ? PASS_ON : await options.handler(job.data.operationId);
      if (outcome.kind === 'done') return;
      await job.moveToDelayed(Date.now() + Math.max(1, outcome.afterMs), token);
      throw new DelayedError();
    });
    opened.on('error', (error) => log.warn({ error: error.message }, 'the worker has an error'));
    opened.on('failed', (job, error) => {
      log.warn({ operationId: job?.data.operationId, error: error.message }, 'a job failed: the sweep sends it again');
    });
    return opened;
  };
  let closed = false;
  let worker = open();

  return {
    async start() {
      for (;;) {
        try {
          await worker.waitUntilReady();
          break;
        } catch (error) {
          if (closed) return;
          log.warn({ error: error instanceof Error ? error.message : String(error) }, 'waiting for the queue');
          await new Promise((resolve) => setTimeout(resolve, START_RETRY_MS));
          // On Postgres a failed connect is remembered: only a new object tries again.
          await worker.close(true).catch(() => undefined);
          if (closed) return;
          worker = open();
        }
      }
      worker.run().catch((error: unknown) => {
        if (!closed) log.warn({ error: error instanceof Error ? error.message : String(error) }, 'the worker stopped');
      });
    },
    async close() {
      closed = true;
      await worker.close();
    },
    health: () => ({ backend: queueBackendName(settings), running: worker.isRunning() && !closed }),
  };
}
