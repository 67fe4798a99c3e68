import type { Agent } from 'node:https';
import type { GuestEnvironment } from '../guest-environment.js';
import { callHttps } from '../guest-https.js';
import { digText } from '../kubernetes/kube-object.js';

/** An answer of the API that is no success. */
export class KubeCallError extends Error {
  constructor(
    readonly status: number,
    readonly reason: string,
    message: string,
  ) {
    super(message);
  }
}

export interface KubeCall {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
}

/** A guest's client to a Kubernetes API, over the wire. `endpoint` is `host:port`. */
export class GuestKubeClient {
  /** Which simulated cluster has answered last. */
  cluster = '';

  constructor(
    readonly environment: GuestEnvironment,
    readonly endpoint: string,
    readonly agent: Agent,
    readonly token?: string,
  ) {}

  /** @returns the answer's JSON (text for what is no JSON). @throws KubeCallError, or the connection's error */
  async call(call: KubeCall): Promise<unknown> {
    const { environment, endpoint } = this;
    const [host = '', port = '6443'] = endpoint.split(':');
    const answer = await callHttps({
      method: call.method,
      url: `https://${endpoint}${call.path}`,
      agent: this.agent,
      via: environment.route(host, Number(port)),
      localAddress: environment.sourceAddress,
      timeoutMs: 10_000,
      signal: environment.signal,
      headers: {
        accept: 'application/json',
        'user-agent': 'simulated-kubeadm',
        ...(this.token === undefined ? {} : { authorization: `Bearer ${this.token}` }),
        ...(call.body === undefined ? {} : { 'content-type': call.contentType ?? 'application/json' }),
      },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    });
    this.cluster = String(answer.headers['x-simulated-cluster'] ?? '');
    const value = parseMaybe(answer.text);
    if (answer.status < 300) return value;
    throw new KubeCallError(answer.status, digText(value, 'reason'), digText(value, 'message') || `HTTP ${answer.status}`);
  }
}

function parseMaybe(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/**
 * Repeats `attempt` until it gives something, as kubeadm polls; what it threw last when the time is over.
 * @throws the last error of `attempt`, at once when `isFinal` says so
 */
export async function poll<T>(
  environment: GuestEnvironment,
  limitMs: number,
  attempt: () => Promise<T>,
  isFinal: (error: unknown) => boolean = () => false,
): Promise<T> {
  const end = Date.now() + limitMs * environment.patience;
  for (let pauseMs = 250; ; pauseMs = Math.min(pauseMs * 1.5, 5_000)) {
    try {
      return await attempt();
    } catch (error) {
      environment.signal.throwIfAborted();
      if (isFinal(error) || Date.now() >= end) throw error;
    }
    await environment.sleep(Math.min(pauseMs * Math.max(environment.patience, 0.02), Math.max(1, end - Date.now())));
  }
}
