import { openQueue, queueBackendName } from './backend.js';
import type { JobsLog, JobsSettings, OperationBullQueue } from './backend.js';

/**
 * The only producer. Call `add` after the transaction that wrote the operation has committed.
 * A job is a wake-up and no more: a lost one is sent again by the conductor's sweep, a double one finds
 * the cluster's lease taken. So no method here throws because the queue is away.
 */
export class OperationQueue {
  #queue: OperationBullQueue | null = null;
  #closed = false;

  constructor(
    private readonly settings: JobsSettings,
    private readonly log: JobsLog,
    private readonly timeoutMs = 1000,
  ) {}

  /** Connects ahead of the first `add`. False: the queue is away, later calls try again. */
  async open(): Promise<boolean> {
    return this.#attempt('opening the queue', async (queue) => void (await queue.waitUntilReady()));
  }

  /**
   * Wakes a conductor for this operation. An operation that waits in the queue already is not added twice.
   * @returns false when the queue did not take it within a second: logged, and the sweep's business
   */
  async add(operationId: string): Promise<boolean> {
    return this.#attempt('queueing the operation', (queue) => queue.add('run', { operationId }, { jobId: operationId }), {
      operationId,
    });
  }

  /** For readiness: whether the queue answers, and the jobs that wait. */
  async health(): Promise<{ backend: 'redis' | 'postgres'; ok: boolean; waiting: number | null }> {
    let waiting: number | null = null;
    const ok = await this.#attempt('asking the queue', async (queue) => {
      waiting = await queue.getWaitingCount();
    });
    return { backend: queueBackendName(this.settings), ok, waiting };
  }

  async close(): Promise<void> {
    this.#closed = true;
    const queue = this.#queue;
    this.#queue = null;
    await queue?.close().catch(() => undefined);
  }

  async #attempt(what: string, work: (queue: OperationBullQueue) => Promise<unknown>, fields: object = {}): Promise<boolean> {
    if (this.#closed) return false;
    const queue = (this.#queue ??= this.#connect());
    try {
      await within(this.timeoutMs, work(queue));
      return true;
    } catch (error) {
      this.log.warn({ ...fields, backend: queueBackendName(this.settings), error: messageOf(error) }, `${what} failed`);
      this.#discard(queue);
      return false;
    }
  }

  #connect(): OperationBullQueue {
    const queue = openQueue(this.settings);
    queue.on('error', (error: Error) => this.log.warn({ error: error.message }, 'the queue has an error'));
    return queue;
  }

  /** BullMQ remembers a failed connect for ever on Postgres: the next call begins with a new object. */
  #discard(queue: OperationBullQueue): void {
    if (this.#queue === queue) this.#queue = null;
    queue.close().catch(() => undefined);
  }
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  work.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
