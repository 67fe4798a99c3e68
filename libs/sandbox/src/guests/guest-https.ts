import { Agent, request, type AgentOptions } from 'node:https';
import { checkServerIdentity } from 'node:tls';

export interface HttpsAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface HttpsCall {
  readonly method: string;
  readonly url: string;
  readonly agent: Agent;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Where the connection really goes, when the URL's address is one of a simulated network. */
  readonly via?: { readonly address: string; readonly port: number } | undefined;
  /** Source address of a new connection. */
  readonly localAddress?: string | undefined;
}

/** An agent as guests use it: kept connections, a limit. */
export function guestAgent(options: AgentOptions): Agent {
  return new Agent({ keepAlive: true, keepAliveMsecs: 10_000, scheduling: 'lifo', ...options });
}

/** One HTTPS call of a guest. Rejects with the connection's error; any HTTP status is an answer. */
export function callHttps(call: HttpsCall): Promise<HttpsAnswer> {
  const url = new URL(call.url);
  const literal = url.hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        method: call.method,
        agent: call.agent,
        host: call.via?.address ?? literal,
        port: call.via?.port ?? (url.port === '' ? 443 : Number(url.port)),
        checkServerIdentity: (_host, certificate) => checkServerIdentity(literal, certificate),
        servername: /^[\d.]+$|:/.test(literal) ? '' : literal,
        path: `${url.pathname}${url.search}`,
        headers: {
          host: url.host,
          ...call.headers,
          ...(call.body === undefined ? {} : { 'content-length': String(Buffer.byteLength(call.body)) }),
        },
        signal: call.signal,
        ...(call.localAddress === undefined ? {} : { localAddress: call.localAddress }),
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () =>
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text: Buffer.concat(chunks).toString('utf8') }),
        );
      },
    );
    outgoing.setTimeout(call.timeoutMs ?? 30_000, () => outgoing.destroy(new Error('i/o timeout')));
    outgoing.on('error', reject);
    outgoing.end(call.body);
  });
}
