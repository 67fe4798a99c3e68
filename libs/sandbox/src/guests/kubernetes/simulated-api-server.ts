import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { parseObjectRequest, readBody } from './api-request.js';
import { authenticate } from './authentication.js';
import { authorize } from './authorization.js';
import { discoveryDocument, openApiDocument, openApiIndex } from './discovery-documents.js';
import { StatusError, type Json } from './kube-object.js';
import { ObjectApi } from './object-api.js';
import type { SimulatedControllerManager } from './simulated-controller-manager.js';

export interface SimulatedApiServerOptions {
  readonly controllers: SimulatedControllerManager;
  /** `v1.36.4` */
  readonly version: string;
  readonly certPem: string;
  readonly keyPem: string;
  readonly clientCaPem: string;
  /** `host:port` for discovery. */
  readonly address: string;
}

const notFound = (): StatusError => new StatusError(404, 'NotFound', 'the server could not find the requested resource', {});

/** A kube-apiserver as far as clients can tell: TLS, client certificates, tokens, RBAC, objects, watches. */
export class SimulatedApiServer {
  readonly #server: Server;
  readonly #objects: ObjectApi;

  constructor(readonly options: SimulatedApiServerOptions) {
    this.#objects = new ObjectApi(options.controllers);
    this.#server = createServer(
      {
        cert: options.certPem,
        key: options.keyPem,
        ca: options.clientCaPem,
        requestCert: true,
        rejectUnauthorized: false,
        minVersion: 'TLSv1.2',
        keepAliveTimeout: 90_000,
        requestTimeout: 60_000,
      },
      (request, response) => void this.#answer(request, response),
    );
    this.#server.on('tlsClientError', () => undefined);
  }

  /** @throws the socket's error, e.g. EADDRINUSE */
  listen(host: string, port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host, port, backlog: 1024 }, () => {
        this.#server.off('error', reject);
        this.#server.on('error', () => undefined);
        resolve();
      });
    });
  }

  /** Ends at once, watches too, as a machine does that is switched off. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('audit-id', crypto.randomUUID());
    response.setHeader('cache-control', 'no-cache, private');
    try {
      await this.#route(request, response);
    } catch (error) {
      const failure =
        error instanceof StatusError
          ? error
          : new StatusError(500, 'InternalError', `Internal error occurred: ${(error as Error).message}`);
      request.resume();
      if (response.headersSent) response.destroy();
      else sendJson(response, failure.code, failure.toStatus());
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { etcd } = this.options.controllers;
    const user = authenticate(request, etcd);
    const url = new URL(request.url ?? '/', 'https://kubernetes');
    const objects = parseObjectRequest(request, url);
    if (objects) {
      const body = await readBody(request, objects.contentType);
      const answer = this.#objects.handle(objects, user, body, response);
      if (answer) sendJson(response, answer.code, answer.body);
      return;
    }
    authorize(user, { verb: (request.method ?? 'GET').toLowerCase(), path: url.pathname }, etcd);
    request.resume();
    const health = /^\/(livez|readyz|healthz)(?:\/([\w-]+))?$/.exec(url.pathname);
    if (health) return sendText(response, healthText(health[1] ?? '', health[2], url.searchParams.has('verbose')));
    const document = this.#document(url.pathname);
    if (!document) throw notFound();
    sendJson(response, 200, document);
  }

  #document(path: string): Json | undefined {
    if (path === '/version' || path === '/version/') return versionDocument(this.options.version);
    if (path === '/openapi/v3') return openApiIndex();
    if (path.startsWith('/openapi/v3/')) return openApiDocument(path.slice('/openapi/v3/'.length));
    if (path === '/') return { paths: ['/api', '/api/v1', '/apis', '/healthz', '/livez', '/openapi/v3', '/readyz', '/version'] };
    return discoveryDocument(path.replace(/\/$/, ''), this.options.address);
  }
}

function versionDocument(gitVersion: string): Json {
  const [, major = '', minor = ''] = /^v?(\d+)\.(\d+)/.exec(gitVersion) ?? [];
  return {
    major,
    minor,
    gitVersion,
    gitCommit: 'simulated',
    gitTreeState: 'clean',
    buildDate: '2026-01-01T00:00:00Z',
    goVersion: 'simulated',
    compiler: 'gc',
    platform: 'linux/amd64',
  };
}

const checks = ['ping', 'log', 'etcd', 'poststarthook/start-apiextensions-controllers', 'poststarthook/rbac/bootstrap-roles'];

function healthText(endpoint: string, check: string | undefined, verbose: boolean): string {
  if (check !== undefined && !checks.includes(check)) throw notFound();
  if (check !== undefined || !verbose) return 'ok';
  return `${checks.map((name) => `[+]${name} ok`).join('\n')}\n${endpoint} check passed\n`;
}

function sendText(response: ServerResponse, text: string): void {
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

function sendJson(response: ServerResponse, code: number, body: unknown): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  response.writeHead(code, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}
