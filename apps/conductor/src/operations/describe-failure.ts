import type { StoredFailure } from '#libs/db';
import { explainCode, JeroboamError, OperationFailure, rootOf, type ErrorCode, type FixableBy } from '#libs/domain';
import { KubernetesError } from '#libs/kubernetes';
import { OpenStackError } from '#libs/openstack';
import { StackFailed } from '#libs/stack';

/** What is known of this one failure; the rest is the catalogue's. */
interface Known {
  readonly code: ErrorCode;
  readonly message: string;
  readonly step: string;
  readonly object?: string | undefined;
  /** What stands behind `code`, when that says only how it ended: the deadline. */
  readonly cause?: ErrorCode | undefined;
  readonly requestId?: string | undefined;
  /** Where this case is unlike what the catalogue says. */
  readonly fixableBy?: FixableBy | undefined;
  readonly hint?: string | undefined;
}

type Reader = (error: unknown, step: string) => Known | undefined;

/** One line per family of errors, the first that knows it. */
const READERS: readonly Reader[] = [
  (error) => {
    if (!(error instanceof OperationFailure)) return undefined;
    return { code: error.code, message: error.message, ...error.detail, requestId: requestIdOf(error) };
  },
  (error, step) => {
    if (!(error instanceof StackFailed)) return undefined;
    const [first] = error.failures;
    const object = first ? `${first.type} ${first.physicalName}` : error.stackName;
    const { code, cause } = rootOf(first?.cause) ?? { code: error.code };
    return { code, cause, message: `${step}: ${error.message}`, step, object, requestId: requestIdOf(first?.cause) };
  },
  (error, step) => {
    if (!(error instanceof KubernetesError)) return undefined;
    return { code: error.code, message: `${step}: ${error.words}`, step, object: `the API at ${error.server}` };
  },
  (error, step) => {
    if (!(error instanceof JeroboamError)) return undefined;
    const { code, cause } = rootOf(error) ?? { code: error.code };
    return { code, cause, message: `${step}: ${error.message}`, step, requestId: requestIdOf(error) };
  },
];

/** The failure for people: which step, which object, in the cloud's or the node's own words, and who can mend it. */
export function describeFailure(error: unknown, step: string): StoredFailure {
  for (const read of READERS) {
    const known = read(error, step);
    if (known) return storedFailure(known);
  }
  // Its words may hold anything; the log has them.
  return storedFailure({ code: 'internal-error', message: `${step}: internal error, see the conductor's log`, step });
}

/** Completes what is known from the catalogue. Undefined fields are left out: the row is JSON. */
export function storedFailure(known: Known): StoredFailure {
  const { code, message, step, object, cause, requestId } = known;
  const explained = explainCode(cause ?? code);
  const rest = {
    step,
    object,
    cause,
    ...explained,
    fixableBy: known.fixableBy ?? explained.fixableBy,
    hint: known.hint ?? explained.hint,
    requestId,
  };
  return { code, message, ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)) };
}

/** The cloud's id of the request that went wrong, for its operator's logs. */
function requestIdOf(error: unknown): string | undefined {
  for (let one = error; one instanceof Error; one = one.cause) {
    if (one instanceof OpenStackError && one.requestId) return one.requestId;
  }
  return undefined;
}
