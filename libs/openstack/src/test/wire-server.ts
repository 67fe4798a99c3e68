import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../retry.js';

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  /** An object is sent as JSON, a string as it is. */
  readonly body?: unknown;
}

type Handler = (request: Seen) => Answer | 'drop' | 'hang' | Promise<Answer | 'drop' | 'hang'>;

/** A cloud of one HTTP listener, told by the test what to answer. Keystone's login is answered by itself. */
export class WireServer {
  readonly seen: Seen[] = [];
  /** Lifetime of the tokens it gives. */
  tokenSeconds = 3600;
  logins = 0;
  private readonly handlers = new Map<string, Handler>();

  private constructor(private readonly http: HttpServer) {}

  static async start(): Promise<WireServer> {
    const http = createServer();
    const server = new WireServer(http);
    http.on('request', (request, response) => void server.answer(request, response));
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}`;
  }

  /** `GET /network/v2.0/networks` */
  on(route: string, handler: Handler): this {
    this.handlers.set(route, handler);
    return this;
  }

  count(route: string): number {
    return this.seen.filter(({ method, path }) => `${method} ${path}` === route).length;
  }

  async close(): Promise<void> {
    this.http.closeAllConnections();
    await new Promise((resolve) => this.http.close(resolve));
  }

  token(now: number): object {
    const endpoint = (type: string, path: string): object => ({
      type,
      endpoints: [{ interface: 'public', region_id: 'one', url: `${this.url}${path}` }],
    });
    return {
      user: { id: 'u1', name: 'demo', domain: { id: 'default', name: 'Default' } },
      project: { id: 'p1', name: 'demo', domain: { id: 'default', name: 'Default' } },
      roles: [{ id: 'r1', name: 'member' }],
      methods: ['password'],
      issued_at: new Date(now).toISOString(),
      expires_at: new Date(now + this.tokenSeconds * 1000).toISOString(),
      catalog: [endpoint('compute', '/compute/v2.1'), endpoint('network', '/network'), endpoint('image', '/image')],
    };
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const url = new URL(request.url ?? '/', this.url);
    const text = Buffer.concat(pieces).toString();
    const seen: Seen = {
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: text ? (JSON.parse(text) as unknown) : undefined,
    };
    this.seen.push(seen);
    const answer = (await this.handlers.get(`${seen.method} ${seen.path}`)?.(seen)) ?? { status: 404, body: 'nothing here' };
    if (answer === 'drop') return void request.socket.destroy();
    if (answer === 'hang') return;
    const json = typeof answer.body === 'object';
    response.writeHead(answer.status ?? 200, { 'content-type': json ? 'application/json' : 'text/html', ...answer.headers });
    response.end(json ? JSON.stringify(answer.body) : ((answer.body as string | undefined) ?? ''));
  }
}

/** Time that passes only when somebody sleeps. */
export class DrivenClock implements Clock {
  readonly slept: number[] = [];
  constructor(public time = Date.parse('2026-01-01T00:00:00Z')) {}
  now(): number {
    return this.time;
  }
  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.slept.push(ms);
    await setImmediate();
    signal?.throwIfAborted();
    this.time += ms;
  }
  random(): number {
    return 0.5;
  }
}
