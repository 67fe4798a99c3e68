import type { StoredFailure } from '#libs/db';
import { isDatabaseAway } from '#libs/db';
import { rootOf, Superseded, Transient, type ErrorCode } from '#libs/domain';
import { isRetryable as isClusterHiccup } from '#libs/kubernetes';
import { isRetryable, isSideEffectUnknown } from '#libs/openstack';
import { describeFailure } from './describe-failure.js';
import { AbortRequested, DeadlineExceeded, LeaseLost, Overtaken, ShuttingDown } from './stop-reasons.js';

/** What an error means for the operation. */
export type Verdict =
  /** Somebody else has the lease: write nothing. */
  | { readonly kind: 'lost' }
  /** Hand on to another conductor, now. */
  | { readonly kind: 'hand-on' }
  /** A newer operation takes over. */
  | { readonly kind: 'superseded' }
  /** Somebody has asked for its end. */
  | { readonly kind: 'aborted' }
  /** The time is up; `reason` is made by who knows what was awaited. */
  | { readonly kind: 'too-late' }
  /** The step is begun again after this time. */
  | { readonly kind: 'retry'; readonly afterMs: number; readonly why: string; readonly cause?: ErrorCode | undefined }
  /** Postgres is away: nothing can be written, not even this. */
  | { readonly kind: 'database-away' }
  | { readonly kind: 'fail'; readonly failure: StoredFailure };

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 15_000;

/**
 * Translates what a step threw. The reason for which the operation was told to stop counts more than what was thrown on
 * the way out.
 * @param attempt how often this step has been tried in this run, from 1
 */
export function judge(error: unknown, step: string, signal: AbortSignal, attempt: number): Verdict {
  const reason: unknown = signal.aborted ? signal.reason : error;
  if (reason instanceof LeaseLost) return { kind: 'lost' };
  if (reason instanceof ShuttingDown) return { kind: 'hand-on' };
  if (reason instanceof Overtaken) return { kind: 'superseded' };
  if (error instanceof Superseded) return { kind: 'lost' };
  if (reason instanceof AbortRequested) return { kind: 'aborted' };
  if (reason instanceof DeadlineExceeded) return { kind: 'too-late' };
  if (isDatabaseAway(error)) return { kind: 'database-away' };
  if (error instanceof Transient)
    return { kind: 'retry', afterMs: error.retryAfterMs, why: error.message, cause: rootOf(error)?.code };
  if (isRetryable(error) || isSideEffectUnknown(error) || isClusterHiccup(error)) {
    return {
      kind: 'retry',
      afterMs: Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempt - 1, 10)),
      why: words(error),
      cause: rootOf(error)?.code,
    };
  }
  return { kind: 'fail', failure: describeFailure(error, step) };
}

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));
