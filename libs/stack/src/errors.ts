import { explainCode, JeroboamError, rootOf, type ErrorCode } from '#libs/domain';

/** The cloud has made the object and given it up: a server in ERROR, a load balancer in ERROR. `message` is the cloud's own words. */
export class ResourceInError extends JeroboamError {
  override readonly status = 500;
  /** @param code what is known of why: `no-valid-host`, `load-balancer-in-error` */
  constructor(
    message: string,
    override readonly code: ErrorCode = 'resource-in-error',
  ) {
    super(message);
  }
}

/** The deadline came before the object was ready, or gone. `message` says what it was waiting for. */
export class ResourceTimeout extends JeroboamError {
  override readonly code = 'resource-timeout';
  override readonly status = 504;
}

/** One resource that failed by itself, not because another one had. */
export interface ResourceFailure {
  readonly logicalName: string;
  readonly type: string;
  readonly physicalName: string;
  readonly physicalId: string | null;
  /** `<type> <physical name>: <the cloud's words>`, without secrets. */
  readonly reason: string;
  readonly cause: unknown;
}

/** A walk that ended with failures. `message` names the first root cause and counts the others. */
export class StackFailed extends JeroboamError {
  override readonly code = 'stack-failed';
  override readonly status = 500;
  constructor(
    readonly stackUuid: string,
    readonly stackName: string,
    readonly action: 'CREATE' | 'UPDATE' | 'DELETE',
    readonly failures: readonly ResourceFailure[],
  ) {
    const first = failures[0];
    super(
      summary(failures),
      {
        stackUuid,
        stackName,
        action,
        logicalName: first?.logicalName,
        type: first?.type,
        failed: failures.length,
      },
      { cause: first?.cause },
    );
  }
}

function summary(failures: readonly ResourceFailure[]): string {
  const first = failures[0]?.reason ?? 'nothing is known of the cause';
  return failures.length > 1 ? `${first} (and ${failures.length - 1} more)` : first;
}

/** What a failure's event says besides the words: code, who can mend it, what can be done. */
export function toldOf(error: unknown): object {
  const root = rootOf(error);
  if (!root) return {};
  const { code, cause } = root;
  return { code, ...(cause ? { cause } : {}), ...explainCode(cause ?? code) };
}
