import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Duplex } from 'node:stream';
import { parseObjectRequest, readBody, type ObjectRequest } from './api-request.js';
import { authenticate } from './authentication.js';
import { authorize } from './authorization.js';
import { discoveryDocument, openApiDocument, openApiIndex } from './discovery-documents.js';
import { refuseUpgrade, sendExec } from './exec-stream.js';
import { dig, StatusError, type Json } from './kube-object.js';
import { ObjectApi } from './object-api.js';
import type { SimulatedCluster } from './simulated-cluster.js';
import type { ProgramResult } from './simulated-etcdctl.js';

export interface SimulatedApiServerOptions {
  readonly cluster: SimulatedCluster;
  /** Whose etcd this API server reads and writes: the one beside it. */
  readonly serverId: string;
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
  readonly #stopListening: () => void;

  constructor(readonly options: SimulatedApiServerOptions) {
    this.#objects = new ObjectApi(options.cluster.controllers);
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
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex) => void this.#upgrade(request, socket));
    this.#stopListening = options.cluster.etcdMembers.onChange(() => this.#cutIfLost());
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
    this.#stopListening();
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  /** Watches hang on the etcd beside: when it has lost the others, or was taken out, they end. */
  #cutIfLost(): void {
    const { etcdMembers } = this.options.cluster;
    if (!etcdMembers.hasMajority || etcdMembers.of(this.options.serverId) === undefined) this.#server.closeAllConnections();
  }

  /** @throws StatusError 500 as when etcd does not answer */
  async #needEtcd(): Promise<void> {
    const { etcdMembers } = this.options.cluster;
    if (await etcdMembers.settled(this.options.serverId)) return;
    const words = etcdMembers.of(this.options.serverId)
      ? 'etcdserver: request timed out'
      : 'rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial tcp 127.0.0.1:2379: connect: connection refused"';
    throw new StatusError(500, 'InternalError', words);
  }

  async #upgrade(request: IncomingMessage, socket: Duplex): Promise<void> {
    try {
      await this.#needEtcd();
      sendExec(request, socket, this.#exec(request));
    } catch (error) {
      refuseUpgrade(socket, failureOf(error));
    }
  }

  #exec(request: IncomingMessage): ProgramResult {
    const { cluster } = this.options;
    const url = new URL(request.url ?? '/', 'https://kubernetes');
    const asked = parseObjectRequest(request, url);
    if (asked?.subresource !== 'exec') throw notFound();
    this.#authorizeExec(request, asked);
    const pod = cluster.etcd.get('/pods', asked.namespace, asked.name)?.object;
    if (!pod) throw new StatusError(404, 'NotFound', `pods "${asked.name}" not found`, { name: asked.name, kind: 'pods' });
    const node = String(dig(pod, 'spec', 'nodeName'));
    const kubelet = cluster.kubelets.get(node);
    if (!kubelet)
      throw new StatusError(500, 'InternalError', `error dialing backend: dial tcp ${node}:10250: connect: connection refused`);
    return kubelet(url.searchParams.get('container') ?? '', url.searchParams.getAll('command'));
  }

  /** As since Kubernetes 1.35: whoever opens the stream must be allowed to `create`. */
  #authorizeExec(request: IncomingMessage, { resource, namespace, name }: ObjectRequest): void {
    const { etcd } = this.options.cluster;
    const access = { verb: 'create', group: resource.group, resource: resource.plural, subresource: 'exec', namespace, name };
    authorize(authenticate(request, etcd), access, etcd);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('audit-id', crypto.randomUUID());
    // So that guests find the etcd that real ones would dial.
    response.setHeader('x-simulated-cluster', this.options.cluster.key);
    response.setHeader('cache-control', 'no-cache, private');
    try {
      await this.#route(request, response);
    } catch (error) {
      const failure = failureOf(error);
      request.resume();
      if (response.headersSent) response.destroy();
      else sendJson(response, failure.code, failure.toStatus());
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { etcd } = this.options.cluster;
    const user = authenticate(request, etcd);
    const url = new URL(request.url ?? '/', 'https://kubernetes');
    const objects = parseObjectRequest(request, url);
    if (objects) {
      await this.#needEtcd();
      const body = await readBody(request, objects.contentType);
      const answer = this.#objects.handle(objects, user, body, response);
      if (answer) sendJson(response, answer.code, answer.body);
      return;
    }
    authorize(user, { verb: (request.method ?? 'GET').toLowerCase(), path: url.pathname }, etcd);
    request.resume();
    const health = /^\/(livez|readyz|healthz)(?:\/([\w-]+))?$/.exec(url.pathname);
    if (health) {
      await this.options.cluster.etcdMembers.settled(this.options.serverId);
      const ok = this.options.cluster.etcdMembers.serves(this.options.serverId);
      return sendText(response, ok ? 200 : 500, healthText(health[1] ?? '', health[2], ok, url.searchParams.has('verbose')));
    }
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

function healthText(endpoint: string, check: string | undefined, ok: boolean, verbose: boolean): string {
  if (check !== undefined && !checks.includes(check)) throw notFound();
  if (ok && (check !== undefined || !verbose)) return 'ok';
  const lines = checks.map((name) => (ok || name !== 'etcd' ? `[+]${name} ok` : '[-]etcd failed: reason withheld'));
  return `${lines.join('\n')}\n${endpoint} check ${ok ? 'passed' : 'failed'}\n`;
}

function failureOf(error: unknown): StatusError {
  if (error instanceof StatusError) return error;
  return new StatusError(500, 'InternalError', `Internal error occurred: ${(error as Error).message}`);
}

function sendText(response: ServerResponse, code: number, text: string): void {
  response.writeHead(code, { 'content-type': 'text/plain; charset=utf-8', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

function sendJson(response: ServerResponse, code: number, body: unknown): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  response.writeHead(code, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}
