import type { Logger } from 'pino';

/** On SIGTERM and SIGINT: ends what runs, once, and then the process. An end that fails is logged and is exit code 1. */
export function endOnSignals(log: Logger, end: () => Promise<void>): void {
  let ending = false;
  const begin = (signal: string): void => {
    if (ending) return;
    ending = true;
    log.info({ signal }, 'ending');
    end().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, 'ending failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', begin);
  process.on('SIGINT', begin);
}
