import { JeroboamError, type ErrorCode } from '#libs/domain';

/**
 * How a call went wrong.
 * - `unreachable`: no answer: refused, reset, unknown host, TLS handshake broken off
 * - `timeout`: no whole answer in time
 * - `untrusted`: whoever answered has no certificate of the cluster's authority for this address
 * - `answered`: an answer with a failure; `httpStatus` and `reason` tell which
 * - `malformed`: an answer that no Kubernetes API gives
 */
export type KubernetesFailure = 'unreachable' | 'timeout' | 'untrusted' | 'answered' | 'malformed';

export interface KubernetesErrorDetail {
  readonly failure: KubernetesFailure;
  readonly server: string;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** Null when no answer came. */
  readonly httpStatus?: number | null;
  /** Kubernetes' own word, such as `AlreadyExists`; the system's code (`ECONNREFUSED`) when no answer came. */
  readonly reason?: string;
  readonly retryAfterMs?: number | undefined;
}

/**
 * A cluster's API refused, failed or did not answer. `message` is `kubernetes: <its own words>`, on one line, free of
 * secrets: it may be shown to the user.
 */
export class KubernetesError extends JeroboamError {
  override readonly code: ErrorCode;
  override readonly status = 502;
  readonly failure: KubernetesFailure;
  readonly server: string;
  readonly method: string;
  readonly path: string;
  readonly httpStatus: number | null;
  readonly reason: string;
  /** What the API asked us to wait. */
  readonly retryAfterMs: number | undefined;
  /** The message without its prefix. */
  readonly words: string;

  constructor(words: string, detail: KubernetesErrorDetail, options?: { cause?: unknown }) {
    const { failure, server, method, path, httpStatus = null, reason = failure, retryAfterMs } = detail;
    super(`kubernetes: ${oneLine(words)}`, { failure, server, method, path, httpStatus, reason }, options);
    this.words = oneLine(words);
    this.code = codeOf(failure, httpStatus, reason);
    this.failure = failure;
    this.server = server;
    this.method = method;
    this.path = path;
    this.httpStatus = httpStatus;
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}

/** No answer, or none in time: the API is not up, or not reachable from here. A wrong certificate is not this. */
export const isUnreachable = (error: unknown): boolean =>
  error instanceof KubernetesError && (error.failure === 'unreachable' || error.failure === 'timeout');

/** Someone else answers at the cluster's address, or its certificate is not valid for it. */
export const isUntrusted = (error: unknown): boolean => error instanceof KubernetesError && error.failure === 'untrusted';

export const isUnauthorized = (error: unknown): boolean => statusOf(error) === 401;
export const isForbidden = (error: unknown): boolean => statusOf(error) === 403;
export const isNotFound = (error: unknown): boolean => statusOf(error) === 404;
/** Both a name that is taken and a newer version of the object. */
export const isConflict = (error: unknown): boolean => statusOf(error) === 409;

/** The same call may well succeed later. Every call of this library may be repeated. */
export function isRetryable(error: unknown): boolean {
  if (!(error instanceof KubernetesError)) return false;
  const status = error.httpStatus ?? 0;
  return isUnreachable(error) || error.failure === 'malformed' || status === 429 || status >= 500;
}

function statusOf(error: unknown): number | null {
  return error instanceof KubernetesError ? error.httpStatus : null;
}

/** `reason` of etcd that would lose its majority. */
export const NO_MAJORITY = 'EtcdNoMajority';

function codeOf(failure: KubernetesFailure, httpStatus: number | null, reason: string): ErrorCode {
  if (reason === NO_MAJORITY) return 'etcd-majority';
  if (failure === 'unreachable' || failure === 'timeout') return 'kubernetes-unreachable';
  if (failure === 'untrusted') return 'kubernetes-untrusted';
  return failure === 'malformed' || (httpStatus ?? 0) >= 500 ? 'kubernetes-failing' : 'kubernetes-refused';
}

function oneLine(words: string): string {
  return words.replaceAll(/\s+/g, ' ').trim().slice(0, 500);
}
