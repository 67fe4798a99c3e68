import { isNotFound as isMissing, JeroboamError, Transient, type ErrorCode } from '#libs/domain';
import { codeOfAnswer } from './cloud-codes.js';
import type { ServiceName } from './service-name.js';

export type { ServiceName };

export interface OpenStackErrorDetail {
  readonly service: ServiceName;
  readonly method: string;
  /** Path with names in place of values: `/servers/{id}`. */
  readonly path: string;
  /** Null: no answer came. */
  readonly httpStatus: number | null;
  /** Where it is known better than the answer tells. Default: by status, fault and words. */
  readonly code?: ErrorCode | undefined;
  /** The cloud's id of the request, for its operator's logs. */
  readonly requestId?: string | undefined;
  /** The cloud's own class of the error, where it names one: `OverQuota`, `itemNotFound`. */
  readonly fault?: string | undefined;
  /** The same call may well succeed later. */
  readonly retryable: boolean;
  /** The cloud may have done what was asked: look before asking again. */
  readonly sideEffectUnknown: boolean;
  /** What the cloud asked us to wait. */
  readonly retryAfterMs?: number | undefined;
}

/**
 * A service of the cloud refused, failed or did not answer. `message` is `<service>: <the cloud's own words>`, cut and
 * freed of tokens, so that it may be shown to the user.
 */
export class OpenStackError extends JeroboamError {
  /** What the answer means, as far as the cloud lets us know: `quota-exceeded-in-cloud`, `no-valid-host`, `cloud-failing`. */
  override readonly code: ErrorCode;
  override readonly status: number;
  readonly service: ServiceName;
  readonly method: string;
  readonly path: string;
  readonly httpStatus: number | null;
  readonly requestId: string | undefined;
  readonly fault: string | undefined;
  readonly retryable: boolean;
  readonly sideEffectUnknown: boolean;
  readonly retryAfterMs: number | undefined;
  /** The cloud's own words alone. */
  readonly words: string;

  constructor(words: string, detail: OpenStackErrorDetail, options?: { cause?: unknown }) {
    super(
      `${detail.service}: ${words}`,
      {
        service: detail.service,
        httpStatus: detail.httpStatus,
        method: detail.method,
        path: detail.path,
        requestId: detail.requestId,
      },
      options,
    );
    this.words = words;
    this.code = detail.code ?? codeOfAnswer({ ...detail, words });
    this.service = detail.service;
    this.method = detail.method;
    this.path = detail.path;
    this.httpStatus = detail.httpStatus;
    this.requestId = detail.requestId;
    this.fault = detail.fault;
    this.retryable = detail.retryable;
    this.sideEffectUnknown = detail.sideEffectUnknown;
    this.retryAfterMs = detail.retryAfterMs;
    this.status = detail.retryable ? 503 : 500;
  }
}

const answered = (error: unknown, status: number): boolean => error instanceof OpenStackError && error.httpStatus === status;

/** The fault of a call to a service that the catalogue does not have: nothing was sent. */
export const isServiceAbsent = (error: unknown): boolean =>
  error instanceof OpenStackError && error.code === 'cloud-service-missing';

/** The object is not there, or the caller may not know of it. */
export const isNotFound = (error: unknown): boolean => answered(error, 404) || isMissing(error);
export const isConflict = (error: unknown): boolean => answered(error, 409) && !isQuota(error);
export const isBadRequest = (error: unknown): boolean => answered(error, 400);
export const isForbidden = (error: unknown): boolean => answered(error, 403) && !isQuota(error);
/** The credentials are no longer, or never were, good. */
export const isUnauthorized = (error: unknown): boolean => answered(error, 401);
/** The same call may well succeed later. */
export const isRetryable = (error: unknown): boolean =>
  error instanceof Transient || (error instanceof OpenStackError && error.retryable);
/** The cloud may have done what was asked. */
export const isSideEffectUnknown = (error: unknown): boolean => error instanceof OpenStackError && error.sideEffectUnknown;

/** The project's limit in that service is reached. */
export const isQuota = (error: unknown): boolean => error instanceof OpenStackError && error.code === 'quota-exceeded-in-cloud';
