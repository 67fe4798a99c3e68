import { OperationQueue } from '#libs/jobs';

const QUIET = { warn: (): void => undefined };

/** The queue between API and conductors, in this process: what is added is delivered at once to whoever has the lane. */
export class SimulatedQueue extends OperationQueue {
  deliver: (operationId: string) => void = () => undefined;

  constructor() {
    super({ databaseUrl: 'postgres://nobody@127.0.0.1:1/none' }, QUIET);
  }

  override async open(): Promise<boolean> {
    return true;
  }

  override async add(operationId: string): Promise<boolean> {
    this.deliver(operationId);
    return true;
  }

  override async health(): Promise<{ backend: 'redis' | 'postgres'; ok: boolean; waiting: number | null }> {
    return { backend: 'postgres', ok: true, waiting: 0 };
  }

  override async close(): Promise<void> {}
}
