import { buildConnector, type Dispatcher, Pool, WebSocket } from 'undici';
import { KubernetesError } from './errors.js';
import { noAnswer, noSense, refusal, tooLate } from './failure.js';

export interface ClusterEndpoint {
  /** `https://host:port`, the cluster's `api_address`. */
  readonly server: string;
  /** The cluster CA's certificate: nothing else is trusted, whatever the environment says. */
  readonly caPem: string;
  /** The client certificate and its key. */
  readonly certPem: string;
  readonly keyPem: string;
  /** How long one call may take, connecting included. */
  readonly timeoutMs?: number;
  /** How many at most; default 3. With 1 calls wait for each other, and no second handshake is paid. */
  readonly connections?: number;
  /** Where the TLS session is kept for the next client of the same endpoint: its handshake is a short one. */
  readonly session?: TlsSession;
}

export interface TlsSession {
  ticket: Buffer | null;
}

export interface CallOptions {
  /** Aborts the call: it throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
}

export interface Call extends CallOptions {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  readonly contentType?: string;
}

const DEFAULT_TIMEOUT_MS = 10_000;
/** Two for calls at once, one for a watch; a cluster is one of thousands. */
const CONNECTIONS = 3;
/** A list of 5,000 nodes has some 50 MB. */
const MAX_ANSWER_BYTES = 128 * 1024 * 1024;

function connector({ caPem, certPem, keyPem, session }: ClusterEndpoint, timeoutMs: number): buildConnector.connector {
  const connect = buildConnector({
    ca: caPem,
    cert: certPem,
    key: keyPem,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    // A little more than a call's own clock, which tells what was waited for.
    timeout: timeoutMs + 500,
    ...(session?.ticket ? { session: session.ticket } : {}),
  });
  if (!session) return connect;
  return (options, callback) => {
    connect(options, (...[error, socket]) => {
      // It comes after the handshake.
      socket?.on('session', (ticket: Buffer) => (session.ticket = ticket));
      if (socket) callback(null, socket);
      else callback(error ?? new Error('no connection'), null);
    });
  };
}

/** HTTPS with a client certificate to one cluster, on connections that are kept. */
export class Transport {
  readonly #pool: Pool;
  readonly #base: string;
  readonly #timeoutMs: number;
  /** Scheme, host and port. */
  readonly server: string;

  constructor(endpoint: ClusterEndpoint) {
    const url = new URL(endpoint.server);
    if (url.protocol !== 'https:') throw new TypeError(`a cluster's API is reached by https, not ${url.protocol}`);
    this.server = url.origin;
    this.#base = url.pathname.replace(/\/$/, '');
    this.#timeoutMs = endpoint.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.#pool = new Pool(url.origin, {
      connections: endpoint.connections ?? CONNECTIONS,
      connect: connector(endpoint, this.#timeoutMs),
      keepAliveTimeout: 20_000,
      maxResponseSize: MAX_ANSWER_BYTES,
    });
  }

  /** The answer's JSON. @throws KubernetesError, or the signal's reason */
  async json<T>(call: Call): Promise<T> {
    const { text, status } = await this.#exchange(call);
    try {
      return JSON.parse(text) as T;
    } catch {
      throw noSense(`the answer to ${call.method} ${call.path} is no JSON`, this.#told(call), status);
    }
  }

  /** The answer as text. @throws KubernetesError, or the signal's reason */
  async text(call: Call): Promise<string> {
    return (await this.#exchange(call)).text;
  }

  /**
   * The lines of an answer that goes on, until the other side ends it. The call's time is that until the answer begins.
   * @param silenceMs throws when nothing comes for so long
   */
  async *lines(call: Call, silenceMs: number): AsyncGenerator<string[]> {
    const answer = await this.#guard(call, async (signal) => {
      const begun = await this.#send(call, signal, silenceMs);
      if (begun.statusCode < 300) return begun;
      throw refusal(this.#told(call), begun.statusCode, await begun.body.text(), undefined);
    });
    const stop = (): void => void answer.body.destroy();
    call.signal?.addEventListener('abort', stop, { once: true });
    const decoder = new TextDecoder();
    let rest = '';
    try {
      for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
        const lines = `${rest}${decoder.decode(chunk, { stream: true })}`.split('\n');
        rest = lines.pop() ?? '';
        if (lines.length > 0) yield lines;
      }
    } catch (error) {
      throw noAnswer(error, this.#told(call));
    } finally {
      call.signal?.removeEventListener('abort', stop);
      stop();
    }
  }

  /** A stream of messages both ways, with the client certificate. Its errors are the caller's to hear. */
  webSocket(path: string, query: URLSearchParams, protocol: string): WebSocket {
    const origin = this.server.replace(/^https:/, 'wss:');
    return new WebSocket(`${origin}${this.#base}${path}?${query.toString()}`, { protocols: [protocol], dispatcher: this.#pool });
  }

  /** Closes every connection at once; calls under way fail as unreachable. May be called twice. */
  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  async #exchange(call: Call): Promise<{ text: string; status: number }> {
    const answer = await this.#guard(call, async (signal) => {
      const { statusCode, headers, body } = await this.#sendAgain(call, signal);
      return { statusCode, headers, text: await body.text() };
    });
    if (answer.statusCode < 200 || answer.statusCode >= 300) {
      const wait = answer.headers['retry-after'];
      throw refusal(this.#told(call), answer.statusCode, answer.text, Array.isArray(wait) ? wait[0] : wait);
    }
    return { text: answer.text, status: answer.statusCode };
  }

  /** A kept connection may have been closed by the other side just now: what only reads is then asked once more. */
  async #sendAgain(call: Call, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    try {
      return await this.#send(call, signal);
    } catch (error) {
      const reset = error instanceof Error && 'code' in error && (error.code === 'UND_ERR_SOCKET' || error.code === 'ECONNRESET');
      if (call.method !== 'GET' || !reset || signal.aborted) throw error;
      return this.#send(call, signal);
    }
  }

  #send(call: Call, signal: AbortSignal, bodyTimeout = 0): Promise<Dispatcher.ResponseData> {
    const query = new URLSearchParams();
    for (const [key, value] of Object.entries(call.query ?? {})) if (value !== undefined) query.set(key, value);
    const body = call.body === undefined ? null : JSON.stringify(call.body);
    return this.#pool.request({
      method: call.method,
      path: `${this.#base}${call.path}${query.size > 0 ? `?${query.toString()}` : ''}`,
      headers: {
        accept: 'application/json',
        'user-agent': 'jeroboam',
        ...(body === null ? {} : { 'content-type': call.contentType ?? 'application/json' }),
      },
      body,
      signal,
      // The call's own clock is the only one: see #guard.
      headersTimeout: 0,
      bodyTimeout,
    });
  }

  /** Runs a call under its clock and its caller's signal, and translates what goes wrong. */
  async #guard<T>(call: Call, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    call.signal?.throwIfAborted();
    const timeoutMs = call.timeoutMs ?? this.#timeoutMs;
    const controller = new AbortController();
    const late = tooLate(timeoutMs, this.#told(call));
    const timer = setTimeout(() => controller.abort(late), timeoutMs);
    const abort = (): void => controller.abort(call.signal?.reason);
    call.signal?.addEventListener('abort', abort, { once: true });
    try {
      return await work(controller.signal);
    } catch (error) {
      if (controller.signal.aborted) throw controller.signal.reason;
      throw error instanceof KubernetesError ? error : noAnswer(error, this.#told(call));
    } finally {
      clearTimeout(timer);
      call.signal?.removeEventListener('abort', abort);
    }
  }

  #told({ method, path }: Call): { server: string; method: string; path: string } {
    return { server: this.server, method, path };
  }
}
