import type { Logger } from 'pino';

export interface Periodic {
  /** No further round; resolves when the one under way has ended. */
  stop(): Promise<void>;
}

/** Does it now and then every `ms`, never twice at once; a round that fails is logged and the next one comes. */
export function every(name: string, ms: number, log: Logger, work: () => Promise<unknown>): Periodic {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  const round = async (): Promise<void> => {
    try {
      await work();
    } catch (error) {
      log.warn({ sweep: name, error: String(error) }, 'a sweep failed');
    }
    if (!stopped) timer = setTimeout(next, ms);
  };
  let current = round();
  function next(): void {
    current = round();
  }
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await current;
    },
  };
}
