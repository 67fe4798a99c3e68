import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';

export interface MetricsListener {
  readonly host: string;
  /** 0: none. */
  readonly port: number;
  /** Whoever asks for metrics must show it as a bearer token. */
  readonly token?: string | undefined;
  readonly registry: Registry;
  /** What `/readyz` says; rejects when the process cannot work. */
  readonly ready: () => Promise<object>;
  readonly log: Logger;
}

export interface MetricsServer {
  /** Null: it does not listen. */
  readonly port: number | null;
  close(): Promise<void>;
}

const SILENT: MetricsServer = { port: null, close: () => Promise.resolve() };

/**
 * `/metrics`, `/healthz` and `/readyz` on a listener of their own. A port that is taken is logged and costs the metrics, not
 * the process: several on one host need ports of their own.
 */
export async function startMetricsServer(listener: MetricsListener): Promise<MetricsServer> {
  const { host, port, log } = listener;
  if (port === 0) return SILENT;
  const server = createServer((request, response) => {
    answer(listener, request, response).catch((error: unknown) => {
      log.warn({ error: String(error) }, 'answering about this process failed');
      response.writeHead(503, { 'content-type': 'text/plain' }).end('not ready\n');
    });
  });
  server.requestTimeout = 10_000;
  try {
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  } catch (error) {
    log.error({ host, port, error: String(error) }, 'no listener for metrics: choose another port, or 0 for none');
    return SILENT;
  }
  server.unref();
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(listener: MetricsListener, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? '/').split('?', 1)[0];
  const say = (status: number, body: string, type = 'text/plain'): void =>
    void response.writeHead(status, { 'content-type': type }).end(body);
  if (request.method !== 'GET') return say(405, 'GET only\n');
  if (path === '/healthz') return say(200, 'OK');
  if (path === '/readyz') return say(200, JSON.stringify(await listener.ready()), 'application/json');
  if (path !== '/metrics') return say(404, 'not here\n');
  if (listener.token !== undefined && !isBearer(request.headers.authorization, listener.token)) {
    response.setHeader('www-authenticate', 'Bearer');
    return say(401, 'a token is needed\n');
  }
  say(200, await listener.registry.metrics(), listener.registry.contentType);
}

/** In a time that tells nothing of the token. */
function isBearer(header: string | undefined, token: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(header ?? ''), hash(`Bearer ${token}`));
}
