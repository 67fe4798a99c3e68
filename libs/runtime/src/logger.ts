import type { LoggerService } from '@nestjs/common';
import { pino, type DestinationStream, type Logger } from 'pino';

/** Names of what could carry a secret. */
const SECRET = [
  'token',
  'password',
  'secret',
  'authorization',
  'x-auth-token',
  'x-subject-token',
  'nonce',
  'keyPem',
  'userData',
  'hidden',
];

/**
 * JSON on standard output, one object per line. Whatever could carry a secret is cut out by name as a second line of defence;
 * the first is not to log it.
 * @param base fields of every line: which service, which process
 */
export function createLogger(level: string, base: Readonly<Record<string, string>>, to?: DestinationStream): Logger {
  const paths = SECRET.flatMap((name) => (name.includes('-') ? [`["${name}"]`, `*["${name}"]`] : [name, `*.${name}`]));
  const options = { level, base, redact: { paths, censor: '[hidden]' } };
  return to ? pino(options, to) : pino(options);
}

/** Nest's own words go into our log. */
export function nestLogger(log: Logger): LoggerService {
  const say =
    (level: 'debug' | 'warn' | 'error' | 'fatal') =>
    (message: unknown, ...rest: unknown[]): void =>
      log[level]({ nest: rest.filter((one) => typeof one === 'string').at(-1) }, String(message));
  return {
    log: say('debug'),
    error: say('error'),
    warn: say('warn'),
    debug: say('debug'),
    verbose: say('debug'),
    fatal: say('fatal'),
  };
}
