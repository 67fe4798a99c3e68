import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import {
  type CertificateAndKey,
  type CertificateAuthority,
  createAuthority,
  issueClientCertificate,
  issueServerCertificate,
} from '#libs/pki';
import { clusterClient, type ClusterClient, type ClusterEndpoint } from '../index.js';

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly contentType: string | undefined;
  readonly body: unknown;
  readonly user: string;
}

type Answer = { status?: number; body?: unknown; text?: string; headers?: Record<string, string> };
type Handler = (seen: Seen, response: ServerResponse) => Answer | undefined | Promise<Answer | undefined>;

/** A TLS server that asks for a client certificate of its authority and answers as it is told; it keeps what it saw. */
export class ApiServer {
  readonly seen: Seen[] = [];
  connections = 0;
  readonly #routes = new Map<string, Handler>();

  private constructor(
    readonly ca: CertificateAuthority,
    readonly client: CertificateAndKey,
    private readonly server: Server,
  ) {
    server.on('secureConnection', () => this.connections++);
    server.on('request', (request, response) => void this.#answer(request, response));
  }

  static async start(options: { certificateFor?: string } = {}): Promise<ApiServer> {
    const ca = await createAuthority('k1', 'ecdsa-p256');
    const host = options.certificateFor ?? '127.0.0.1';
    const { certPem, keyPem } = await issueServerCertificate(ca, { names: [], ips: [host], days: 1 });
    const client = await issueClientCertificate(ca, { commonName: 'conductor', organizations: ['system:masters'], minutes: 5 });
    const server = createServer({ cert: certPem, key: keyPem, ca: ca.certPem, requestCert: true, rejectUnauthorized: true });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new ApiServer(ca, client, server);
  }

  get url(): string {
    return `https://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** @param route `GET /version` */
  on(route: string, handler: Handler | Answer): this {
    this.#routes.set(route, typeof handler === 'function' ? handler : () => handler);
    return this;
  }

  get endpoint(): ClusterEndpoint {
    return { server: this.url, caPem: this.ca.certPem, ...this.client, timeoutMs: 5_000 };
  }

  kube(timeoutMs = 5_000): ClusterClient {
    return clusterClient({ ...this.endpoint, timeoutMs });
  }

  dropConnections(): void {
    this.server.closeAllConnections();
  }

  openConnections(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
    });
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const url = new URL(request.url ?? '/', this.url);
    const text = Buffer.concat(chunks).toString();
    const seen: Seen = {
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      contentType: request.headers['content-type'],
      body: text === '' ? undefined : JSON.parse(text),
      user: (request.socket as TLSSocket).getPeerCertificate().subject.CN?.toString() ?? '',
    };
    this.seen.push(seen);
    const handler = this.#routes.get(`${seen.method} ${seen.path}`);
    const answer = handler
      ? await handler(seen, response)
      : failure(404, 'NotFound', 'the server could not find the requested resource');
    if (!answer) return;
    response.writeHead(answer.status ?? 200, { 'content-type': 'application/json', ...answer.headers });
    response.end(answer.text ?? JSON.stringify(answer.body ?? {}));
  }
}

export function failure(status: number, reason: string, message: string): Answer {
  return { status, body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code: status } };
}

export function node(name: string, ready: 'True' | 'False' | 'Unknown' | null, resourceVersion = '1'): object {
  const condition = {
    type: 'Ready',
    status: ready,
    reason: `Kubelet${ready}`,
    message: 'words',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  };
  return {
    metadata: { name, uid: `uid-${name}`, resourceVersion, labels: { 'node-role.kubernetes.io/control-plane': '' } },
    spec: { providerID: `openstack:///${name}` },
    status: {
      addresses: [{ type: 'InternalIP', address: '10.0.0.5' }],
      conditions: ready === null ? [] : [condition],
      nodeInfo: { kubeletVersion: 'v1.36.4', containerRuntimeVersion: 'containerd://2.1.4' },
    },
  };
}
