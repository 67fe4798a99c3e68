import { Transient } from '#libs/domain';
import { isConflict, isRetryable, isSideEffectUnknown, OpenStackError } from '#libs/openstack';

const FIRST_DELAY_MS = 500;
const LAST_DELAY_MS = 15_000;
/** What still uses an object lets go within seconds. */
const LAST_IN_USE_DELAY_MS = 5_000;
const FIRST_POLL_MS = 250;
const LAST_POLL_MS = 2_000;

/** How long to wait before the call is made again; undefined: it would not help. */
export function retryDelayMs(error: unknown, attempt: number, random: () => number = Math.random): number | undefined {
  if (error instanceof Transient) return error.retryAfterMs;
  if (!isRetryable(error) && !isSideEffectUnknown(error)) return undefined;
  const asked = error instanceof OpenStackError ? (error.retryAfterMs ?? 0) : 0;
  return Math.max(asked, backoff(attempt, LAST_DELAY_MS, random));
}

/** As `retryDelayMs` for a removal: an object in use (409) is waited for too. */
export function removalDelayMs(error: unknown, attempt: number, random: () => number = Math.random): number | undefined {
  return retryDelayMs(error, attempt, random) ?? (isConflict(error) ? backoff(attempt, LAST_IN_USE_DELAY_MS, random) : undefined);
}

/**
 * Whether a create that threw this has certainly made nothing, so that it may be repeated without looking: the cloud has
 * answered that it will not. A 5xx is no such answer: clouds answer 500 after the work is done.
 */
export function hasMadeNothing(error: unknown): boolean {
  if (isSideEffectUnknown(error)) return false;
  if (error instanceof Transient) return true;
  if (error instanceof OpenStackError && error.code === 'cloud-held-back') return true;
  return error instanceof OpenStackError && error.httpStatus !== null && error.httpStatus >= 400 && error.httpStatus < 500;
}

/** A tenth of what has been waited already: near to the moment when it is quick, few calls when it is slow. */
export function pollDelayMs(waitedMs: number): number {
  return Math.min(LAST_POLL_MS, Math.max(FIRST_POLL_MS, waitedMs / 10));
}

/** Doubles from half a second, between one half and all of it, so that many do not come back together. */
function backoff(attempt: number, most: number, random: () => number): number {
  return Math.min(most, FIRST_DELAY_MS * 2 ** Math.min(attempt - 1, 20)) * (0.5 + random() / 2);
}
