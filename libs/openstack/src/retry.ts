import { setTimeout as sleep } from 'node:timers/promises';

/** Time as the client sees it; tests drive their own. */
export interface Clock {
  now(): number;
  /** Rejects with the signal's reason. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** 0 <= x < 1 */
  random(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    try {
      await sleep(ms, undefined, signal ? { signal } : {});
    } catch (error) {
      throw signal?.aborted ? signal.reason : error;
    }
  },
  random: () => Math.random(),
};

/** Attempts of one call inside the client; who waits longer asks again himself. */
export const MAX_ATTEMPTS = 4;
const FIRST_MS = 250;
const LONGEST_MS = 5_000;
/** A cloud that wants a longer pause gets it from the caller, who knows the deadline. */
export const LONGEST_RETRY_AFTER_MS = 15_000;

/** The pause before attempt `attempt + 1`: exponential with full jitter above a floor, never less than the cloud asked. */
export function pauseMs(attempt: number, retryAfterMs: number | undefined, clock: Clock): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** (attempt - 1));
  const backoff = ceiling / 2 + (ceiling / 2) * clock.random();
  return retryAfterMs === undefined ? backoff : retryAfterMs + (FIRST_MS / 2) * clock.random();
}

/** `Retry-After` as seconds or as a date; undefined when absent or unreadable. Source: RFC 9110 section 10.2.3. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d+(\.\d+)?$/.test(header.trim())) return Math.ceil(Number(header) * 1000);
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
