import { KubernetesError, type KubernetesErrorDetail } from './errors.js';

type Call = Pick<KubernetesErrorDetail, 'server' | 'method' | 'path'>;

/** A certificate that does not verify: OpenSSL's X509_V_ERR names, and Node's own for a name that does not match. */
const UNTRUSTED =
  /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_CERT_|HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH|INVALID_PURPOSE)/;

/** No answer came: says why in the system's words. */
export function noAnswer(error: unknown, call: Call): KubernetesError {
  const reason = codeOf(error);
  const failure = UNTRUSTED.test(reason) ? 'untrusted' : 'unreachable';
  const words =
    failure === 'untrusted'
      ? `the certificate at ${call.server} is not one of the cluster's: ${messageOf(error)}`
      : `the API at ${call.server} does not answer: ${messageOf(error)}`;
  return new KubernetesError(words, { ...call, failure, reason }, { cause: error });
}

export function tooLate(timeoutMs: number, call: Call): KubernetesError {
  const words = `the API at ${call.server} did not answer ${call.method} ${call.path} in ${timeoutMs} ms`;
  return new KubernetesError(words, { ...call, failure: 'timeout', reason: 'Timeout' });
}

export function noSense(words: string, call: Call, httpStatus: number): KubernetesError {
  return new KubernetesError(words, { ...call, failure: 'malformed', httpStatus, reason: 'Malformed' });
}

/** An answer outside 2xx: a `Status` object of Kubernetes, or whatever stands before it. */
export function refusal(call: Call, httpStatus: number, body: string, retryAfter: string | undefined): KubernetesError {
  const status = readStatus(body);
  const seconds = Number(retryAfter);
  const words = status?.message ?? plainWords(body) ?? `${call.method} ${call.path} was answered with ${httpStatus}`;
  return new KubernetesError(words, {
    ...call,
    failure: 'answered',
    httpStatus,
    reason: status?.reason ?? `Http${httpStatus}`,
    retryAfterMs: retryAfter !== undefined && Number.isFinite(seconds) ? seconds * 1000 : undefined,
  });
}

function readStatus(body: string): { message?: string; reason?: string } | undefined {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value !== 'object' || value === null || !('kind' in value) || value.kind !== 'Status') return undefined;
    const text = (key: 'message' | 'reason'): object => {
      const found = (value as Record<string, unknown>)[key];
      return typeof found === 'string' && found !== '' ? { [key]: found } : {};
    };
    return { ...text('message'), ...text('reason') };
  } catch {
    return undefined;
  }
}

/** `/readyz` answers in lines, the failed checks with `[-]`: those alone are told. Markup of a proxy is not. */
function plainWords(body: string): string | undefined {
  const lines = body.split('\n').map((line) => line.trim());
  const failed = lines.filter((line) => line.startsWith('[-]')).map((line) => line.slice(3));
  if (failed.length > 0) return `not ready: ${failed.join('; ')}`;
  const first = lines.find((line) => line !== '');
  return first === undefined || first.startsWith('<') ? undefined : first;
}

function codeOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  if (typeof code === 'string') return code;
  return error instanceof AggregateError && error.errors.length > 0 ? codeOf(error.errors[0]) : 'Unknown';
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return messageOf(error.errors[0]);
  return error instanceof Error && error.message !== '' ? error.message : codeOf(error);
}
