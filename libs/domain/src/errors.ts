import { errorEntry, type CodeOf, type ErrorCode, type FixableBy } from './error-catalogue.js';

/**
 * Errors carry fields, never only text. They are translated twice only: to Magnum's envelope in `apps/api`
 * (`error.filter.ts`) and to retry-or-fail in the conductor (`operation.processor.ts`).
 */
export type ErrorFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

export abstract class JeroboamError extends Error {
  /** In the catalogue of errors, with what it means and who can mend it. */
  abstract readonly code: ErrorCode;
  /** The HTTP status when the API answers with it. */
  abstract readonly status: number;
  constructor(
    message: string,
    readonly fields: ErrorFields = {},
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** 400: the request cannot be taken as it is. */
export class InvalidInput extends JeroboamError {
  override readonly status: number = 400;
  constructor(
    readonly code: CodeOf<400>,
    message: string,
    fields: ErrorFields = {},
    options?: { cause?: unknown },
  ) {
    super(message, fields, options);
  }
}

/** 403: the caller may not. */
export class Forbidden extends JeroboamError {
  override readonly status = 403;
  constructor(
    readonly code: CodeOf<403>,
    message: string,
    fields: ErrorFields = {},
  ) {
    super(message, fields);
  }
}

/** 404: nothing there that the caller may see. */
export class NotFound extends JeroboamError {
  override readonly status = 404;
  constructor(
    readonly code: CodeOf<404>,
    message: string,
    fields: ErrorFields = {},
  ) {
    super(message, fields);
  }
}

/** 409: the state of things does not allow it now. */
export class Conflict extends JeroboamError {
  override readonly status = 409;
  constructor(
    readonly code: CodeOf<409>,
    message: string,
    fields: ErrorFields = {},
  ) {
    super(message, fields);
  }
}

/** 403, as Magnum has it: a project's own limit in this service. */
export class QuotaExceeded extends JeroboamError {
  override readonly code = 'quota-exceeded';
  override readonly status = 403;
}

/** 503: a service we depend on does not answer. `fields.service` names it. */
export class ServiceUnavailable extends JeroboamError {
  override readonly code = 'service-unavailable';
  override readonly status = 503;
}

/** Someone else has the lease, or a newer operation took over: stop quietly, write nothing. */
export class Superseded extends JeroboamError {
  override readonly code = 'superseded';
  override readonly status = 409;
}

/** Not now, but later: put the work back and try again after `retryAfterMs`. */
export class Transient extends JeroboamError {
  override readonly code = 'transient';
  override readonly status = 503;
  constructor(
    message: string,
    readonly retryAfterMs: number,
    fields: ErrorFields = {},
    options?: { cause?: unknown },
  ) {
    super(message, fields, options);
  }
}

/**
 * Why an operation failed, for people: which step, which object, in the cloud's or the node's own words.
 * `message` is one sentence without secrets; it becomes `status_reason`.
 */
export class OperationFailure extends JeroboamError {
  override readonly status = 500;
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly detail: {
      readonly step: string;
      /** Kind and name of what it is about: `server k1-3f2a-node-1`. */
      readonly object?: string | undefined;
      /** Where this case is unlike what the catalogue says of the code. */
      readonly fixableBy?: FixableBy | undefined;
      readonly hint?: string | undefined;
    },
    options?: { cause?: unknown },
  ) {
    const { step, object = null, fixableBy = errorEntry(code).fixableBy } = detail;
    super(message, { step, object, fixableBy }, options);
  }
}

export const isNotFound = (error: unknown): boolean => statusOf(error) === 404;
export const isConflict = (error: unknown): boolean => !(error instanceof Superseded) && statusOf(error) === 409;

function statusOf(error: unknown): number | undefined {
  return error instanceof JeroboamError ? error.status : undefined;
}

/** What an error's code is, and what the trouble behind it was. Undefined: nothing of ours. */
export function rootOf(error: unknown): { code: ErrorCode; cause?: ErrorCode | undefined } | undefined {
  if (!(error instanceof JeroboamError)) return undefined;
  const behind = error.cause === undefined ? undefined : rootOf(error.cause);
  // "Not now" said too often is what it was said for.
  if (error.code === 'transient') return behind ?? { code: error.code };
  return error.code === 'resource-timeout' ? { code: error.code, cause: behind?.cause ?? behind?.code } : { code: error.code };
}
