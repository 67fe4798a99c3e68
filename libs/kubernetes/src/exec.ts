import { type ErrorEvent, type MessageEvent, WebSocket } from 'undici';
import { KubernetesError } from './errors.js';
import type { CallOptions, Transport } from './transport.js';

export interface ExecTarget {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** Program and arguments; no shell is asked for. */
  readonly command: readonly string[];
}

export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Binary messages, the first byte names the stream. Source: k8s.io/apimachinery, remotecommand constants. */
const PROTOCOL = 'v4.channel.k8s.io';
const STDOUT = 1;
const STDERR = 2;
const OUTCOME = 3;
/** Of stdout and stderr each. */
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;
const DEFAULT_TIMEOUT_MS = 30_000;

interface WireStatus {
  readonly status?: string;
  readonly message?: string;
  readonly reason?: string;
  readonly details?: { readonly causes?: readonly { readonly reason?: string; readonly message?: string }[] };
}

/**
 * Runs a program in a container that runs already, as `kubectl exec` does, and waits for its end. A program that ends
 * with another code than 0 is a result, not an error.
 * @throws KubernetesError the API or the kubelet would not, or the line broke before the end; the signal's reason
 */
export async function exec(transport: Transport, target: ExecTarget, options: CallOptions = {}): Promise<ExecResult> {
  options.signal?.throwIfAborted();
  const path = `/api/v1/namespaces/${encodeURIComponent(target.namespace)}/pods/${encodeURIComponent(target.pod)}/exec`;
  const query = new URLSearchParams([
    ['container', target.container],
    ['stdout', 'true'],
    ['stderr', 'true'],
    ...target.command.map((word): [string, string] => ['command', word]),
  ]);
  const told = { server: transport.server, method: 'GET', path };
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const socket = transport.webSocket(path, query, PROTOCOL);
  return new Promise<ExecResult>((resolve, reject) => {
    const output = { [STDOUT]: [] as Buffer[], [STDERR]: [] as Buffer[] };
    let size = 0;
    let opened = false;
    let settled = false;
    const settle = (end: () => void): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', stopped);
      if (socket.readyState === WebSocket.OPEN || socket.readyState === WebSocket.CONNECTING) socket.close();
      end();
    };
    const fail = (failure: 'unreachable' | 'timeout' | 'answered' | 'malformed', words: string, status?: WireStatus): void => {
      const httpStatus = failure === 'answered' ? 500 : null;
      const reason = status?.reason ?? 'ExecFailed';
      settle(() => reject(new KubernetesError(words, { ...told, failure, httpStatus, reason })));
    };
    const stopped = (): void => settle(() => reject(options.signal?.reason as Error));
    const timer = setTimeout(
      () => fail('timeout', `${target.command[0] ?? ''} in pod ${target.pod} did not end in ${timeoutMs} ms`),
      timeoutMs,
    );
    options.signal?.addEventListener('abort', stopped, { once: true });
    const text = (stream: typeof STDOUT | typeof STDERR): string => Buffer.concat(output[stream]).toString('utf8');
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('open', () => {
      opened = true;
    });
    socket.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
      const bytes = data instanceof ArrayBuffer ? Buffer.from(data) : Buffer.from(String(data));
      const stream = bytes[0];
      const rest = bytes.subarray(1);
      size += rest.length;
      if (size > 2 * MAX_OUTPUT_BYTES) return fail('malformed', `${target.command[0] ?? ''} in pod ${target.pod} says too much`);
      if (stream === STDOUT || stream === STDERR) output[stream].push(rest);
      if (stream !== OUTCOME) return;
      const status = readStatus(rest.toString('utf8'));
      const exitCode = status && exitCodeOf(status);
      if (exitCode === undefined) return fail('answered', status?.message ?? `exec in pod ${target.pod} failed`, status);
      settle(() => resolve({ exitCode, stdout: text(STDOUT), stderr: text(STDERR) }));
    });
    socket.addEventListener('error', ({ message }: ErrorEvent) =>
      fail('unreachable', `exec in pod ${target.pod}: ${opened ? message : 'the API did not open the stream'}`),
    );
    socket.addEventListener('close', () => fail('unreachable', `exec in pod ${target.pod}: the line broke before the end`));
  });
}

/** 0 for success, the program's own code, undefined when it did not come to run. */
function exitCodeOf({ status, reason, details }: WireStatus): number | undefined {
  if (status === 'Success') return 0;
  if (reason !== 'NonZeroExitCode') return undefined;
  const code = Number(details?.causes?.find((cause) => cause.reason === 'ExitCode')?.message);
  return Number.isInteger(code) ? code : 1;
}

function readStatus(text: string): WireStatus | undefined {
  try {
    return JSON.parse(text) as WireStatus;
  } catch {
    return undefined;
  }
}
