import type { StoredFailure } from '#libs/db';
import { isDatabaseAway } from '#libs/db';
import { InvalidInput, JeroboamError, OperationFailure, Superseded, Transient, type FixableBy } from '#libs/domain';
import { isRetryable as isClusterHiccup, KubernetesError } from '#libs/kubernetes';
import {
  isForbidden,
  isNotFound,
  isQuota,
  isRetryable,
  isSideEffectUnknown,
  isUnauthorized,
  OpenStackError,
} from '#libs/openstack';
import { ResourceInError, ResourceTimeout, StackFailed } from '#libs/stack';
import { AbortRequested, DeadlineExceeded, LeaseLost, ShuttingDown } from './stop-reasons.js';

/** What an error means for the operation. */
export type Verdict =
  /** Somebody else has the lease: write nothing. */
  | { readonly kind: 'lost' }
  /** Hand on to another conductor, now. */
  | { readonly kind: 'hand-on' }
  /** A newer operation takes over. */
  | { readonly kind: 'superseded' }
  /** The time is up; `reason` is made by who knows what was awaited. */
  | { readonly kind: 'too-late' }
  /** The step is begun again after this time. */
  | { readonly kind: 'retry'; readonly afterMs: number; readonly why: string }
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
  if (reason instanceof AbortRequested) return { kind: 'superseded' };
  if (error instanceof Superseded) return { kind: 'lost' };
  if (reason instanceof DeadlineExceeded) return { kind: 'too-late' };
  if (isDatabaseAway(error)) return { kind: 'database-away' };
  if (error instanceof Transient) return { kind: 'retry', afterMs: error.retryAfterMs, why: error.message };
  if (isRetryable(error) || isSideEffectUnknown(error) || isClusterHiccup(error)) {
    return {
      kind: 'retry',
      afterMs: Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempt - 1, 10)),
      why: words(error),
    };
  }
  return { kind: 'fail', failure: describeFailure(error, step) };
}

/** The failure for people: which step, which object, in the cloud's or the node's own words, and who can mend it. */
export function describeFailure(error: unknown, step: string): StoredFailure {
  if (error instanceof OperationFailure) {
    const { object, fixableBy, hint } = error.detail;
    return stored(error.code, error.message, { step: error.detail.step, object, fixableBy, hint });
  }
  if (error instanceof StackFailed) {
    const first = error.failures[0];
    const object = first ? `${first.type} ${first.physicalName}` : error.stackName;
    return stored(error.code, `${step}: ${error.message}`, { step, object, ...whoMends(first?.cause) });
  }
  if (error instanceof OpenStackError) return stored(error.code, `${step}: ${error.message}`, { step, ...whoMends(error) });
  if (error instanceof KubernetesError) {
    return stored(error.code, `${step}: ${error.words}`, { step, object: `the API at ${error.server}`, fixableBy: 'operator' });
  }
  if (error instanceof JeroboamError) {
    return stored(error.code, `${step}: ${error.message}`, {
      step,
      fixableBy: error instanceof InvalidInput ? 'user' : 'operator',
    });
  }
  // Its words may hold anything; the log has them.
  return stored('internal-error', `${step}: internal error, see the conductor's log`, { step, fixableBy: 'operator' });
}

interface Mending {
  readonly fixableBy: FixableBy;
  readonly hint?: string | undefined;
}

function whoMends(cause: unknown): Mending {
  if (isQuota(cause)) return { fixableBy: 'user', hint: 'free resources in the project, or ask for a larger quota' };
  if (isForbidden(cause))
    return { fixableBy: 'user', hint: 'the roles you had when you asked for it must allow this in the project' };
  if (isUnauthorized(cause))
    return { fixableBy: 'user', hint: 'the trust or the user behind the cluster is gone, or lost its roles' };
  if (isNotFound(cause)) return { fixableBy: 'user', hint: 'something the cluster refers to has been removed' };
  if (cause instanceof ResourceInError || cause instanceof ResourceTimeout) return { fixableBy: 'operator' };
  return { fixableBy: cause instanceof OpenStackError && (cause.httpStatus ?? 500) < 500 ? 'user' : 'operator' };
}

/** Undefined fields are left out: the row is JSON. */
function stored(code: string, message: string, rest: Partial<Record<keyof StoredFailure, string | undefined>>): StoredFailure {
  const known = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  return { code, message, ...known };
}

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));
