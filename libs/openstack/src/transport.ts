import { Agent, request, type Dispatcher } from 'undici';

export interface Timeouts {
  readonly connectMs: number;
  /** From the last byte of the request to the headers of the answer. */
  readonly headersMs: number;
  /** Between two pieces of the body. */
  readonly bodyMs: number;
}

export const DEFAULT_TIMEOUTS: Timeouts = { connectMs: 5_000, headersMs: 60_000, bodyMs: 30_000 };

export interface WireRequest {
  readonly method: Dispatcher.HttpMethod;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface WireAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** No answer came. `did` tells whether the request can have reached the other side. */
export class NoAnswer extends Error {
  constructor(
    message: string,
    readonly did: 'nothing' | 'unknown',
    /** False for what time does not heal: a certificate that is not trusted. */
    readonly retryable: boolean,
    options: { cause: unknown },
  ) {
    super(message, options);
  }
}

/** An answer longer than this is not one of ours; 1,000 servers in detail are about 3 MB. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;
const CONNECTIONS_PER_ORIGIN = 64;

/** What carries calls to the cloud: `Transport`, or something before it that watches or disturbs. */
export interface Wire {
  /** One attempt. @throws NoAnswer; the signal's reason when it was aborted */
  send(wire: WireRequest): Promise<WireAnswer>;
  /** Ends the connections; calls under way fail. */
  close(): Promise<void>;
}

/** HTTP to the cloud over one pool of connections. Follows no redirect: a service that moves is an error to be told. */
export class Transport implements Wire {
  private readonly agent: Agent;

  constructor(
    private readonly timeouts: Timeouts = DEFAULT_TIMEOUTS,
    caPem?: string,
  ) {
    this.agent = new Agent({
      connections: CONNECTIONS_PER_ORIGIN,
      connect: { timeout: timeouts.connectMs, ...(caPem ? { ca: caPem } : {}) },
    });
  }

  async send(wire: WireRequest): Promise<WireAnswer> {
    try {
      const answer = await request(wire.url, {
        dispatcher: this.agent,
        method: wire.method,
        headers: wire.headers,
        body: wire.body ?? null,
        signal: wire.signal ?? null,
        headersTimeout: this.timeouts.headersMs,
        bodyTimeout: this.timeouts.bodyMs,
      });
      return { status: answer.statusCode, headers: flat(answer.headers), body: await text(answer.body) };
    } catch (error) {
      if (wire.signal?.aborted) throw wire.signal.reason;
      throw noAnswer(error);
    }
  }

  async close(): Promise<void> {
    await this.agent.destroy();
  }
}

async function text(body: AsyncIterable<Buffer>): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.length;
    if (bytes > MAX_BODY_BYTES) throw new Error(`an answer of more than ${MAX_BODY_BYTES} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function flat(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) result[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  }
  return result;
}

/** The connection was never made, so nothing was asked. */
const NEVER_SENT: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the host name could not be looked up',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was closed',
  UND_ERR_CONNECT_TIMEOUT: 'no connection within the time allowed',
  UND_ERR_HEADERS_TIMEOUT: 'no answer within the time allowed',
  UND_ERR_BODY_TIMEOUT: 'the answer stopped half-way',
  UND_ERR_SOCKET: 'the connection was closed',
};

function noAnswer(error: unknown): NoAnswer {
  const code = codeOf(error);
  if (/CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET)|ERR_TLS|ERR_SSL|EPROTO/.test(code)) {
    return new NoAnswer(`no trusted TLS connection (${code})`, 'nothing', false, { cause: error });
  }
  const words = WORDS[code] ?? 'the answer could not be read';
  return new NoAnswer(words, NEVER_SENT.has(code) ? 'nothing' : 'unknown', true, { cause: error });
}

function codeOf(error: unknown): string {
  // Several addresses tried: an AggregateError, whose code is the first one's.
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}
