import { AsyncResource } from 'node:async_hooks';
import { OperationQueue } from '#libs/jobs';

const QUIET = { warn: (): void => undefined };

/** The queue between API and conductors, in this process: what is added is delivered at once to whoever has the lane. */
export class SimulatedQueue extends OperationQueue {
  /** Who takes a job knows nothing of the request that has asked for it: it would be another process. */
  readonly #outside = new AsyncResource('SimulatedQueue');
  deliver: (operationId: string) => void = () => undefined;

  constructor() {
    super({ databaseUrl: 'postgres://nobody@127.0.0.1:1/none' }, QUIET);
  }

  override async open(): Promise<boolean> {
    return true;
  }

  override async add(operationId: string): Promise<boolean> {
    this.#outside.runInAsyncScope(this.deliver, undefined, operationId);
    return true;
  }

  override async health(): Promise<{ backend: 'redis' | 'postgres'; ok: boolean; waiting: number | null }> {
    return { backend: 'postgres', ok: true, waiting: 0 };
  }

  override async close(): Promise<void> {}
}
