import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:https';
import { gzipSync } from 'node:zlib';
import { stringify } from 'yaml';
import { issueLeaf, readAuthority } from '../kubernetes/simulated-pki.js';
import { testAuthority, type TestAuthority } from './test-authorities.js';

export interface PhaseReport {
  readonly nodeId: string;
  readonly phase: string;
  readonly status: string;
  readonly exitCode?: number;
  readonly logTail?: string;
}

export interface BundleRequest {
  readonly nodeId: string;
  readonly retryKey: string;
  readonly source: string;
}

export type BundleAnswer = { readonly status: number; readonly headers?: Record<string, string>; readonly body?: object };

/** A TLS bundle endpoint for tests: answers with what `bundleOf` says, remembers what it was told. */
export class TestBootstrap {
  readonly reports: PhaseReport[] = [];
  readonly requests: BundleRequest[] = [];
  /** Nodes that asked for their turn; the first time they are told to wait. */
  readonly turns: string[] = [];
  #bells: (() => void)[] = [];

  private constructor(
    readonly ca: TestAuthority,
    readonly endpoint: string,
    readonly server: Server,
  ) {}

  static async start(bundleOf: (request: BundleRequest) => BundleAnswer): Promise<TestBootstrap> {
    const ca = await testAuthority('bootstrap');
    const leaf = issueLeaf(readAuthority(ca.certPem, ca.keyPem), {
      commonName: 'api',
      usage: 'server',
      ips: ['127.0.0.1'],
    });
    const server = createServer({ cert: leaf.certPem, key: leaf.keyPem }, (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const [, nodeId = '', what] = /\/nodes\/([^/]+)\/(phases|bundle|turn)$/.exec(request.url ?? '') ?? [];
        const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, string>;
        if (what === 'phases') {
          const { phase = '', status = '', exit_code: exitCode, log_tail: logTail } = body;
          me.#tell({
            nodeId,
            phase,
            status,
            ...(exitCode === undefined ? {} : { exitCode: Number(exitCode) }),
            ...(logTail === undefined ? {} : { logTail }),
          });
          response.writeHead(204).end();
          return;
        }
        if (what === 'turn') {
          me.turns.push(nodeId);
          response.writeHead(me.turns.filter((id) => id === nodeId).length > 1 ? 204 : 503, { 'retry-after': '1' }).end();
          return;
        }
        const asked = { nodeId, retryKey: body['retry_key'] ?? '', source: request.socket.remoteAddress ?? '' };
        me.requests.push(asked);
        const answer = bundleOf(asked);
        response
          .writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers })
          .end(JSON.stringify(answer.body ?? {}));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const me = new TestBootstrap(ca, `https://127.0.0.1:${(server.address() as AddressInfo).port}`, server);
    return me;
  }

  #tell(report: PhaseReport): void {
    this.reports.push(report);
    for (const bell of this.#bells.splice(0)) bell();
  }

  /** Waits until a report like this is there. */
  async reported(nodeId: string, phase: string, status: string, limitMs = 20_000): Promise<PhaseReport> {
    const end = Date.now() + limitMs;
    for (;;) {
      const found = this.reports.find((entry) => entry.nodeId === nodeId && entry.phase === phase && entry.status === status);
      if (found) return found;
      if (Date.now() > end)
        throw new Error(
          `no report ${phase} ${status} of ${nodeId}: ${JSON.stringify(this.reports.filter((entry) => entry.nodeId === nodeId))}`,
        );
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 500);
        this.#bells.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** User data as the service makes it, gzipped. */
  userData(nodeId: string, name: string, role: 'master' | 'worker'): string {
    const node = { version: 1, node_id: nodeId, cluster_id: 'c', name, role, endpoint: this.endpoint, nonce: 'n'.repeat(43) };
    const config = {
      write_files: [
        { path: '/etc/jeroboam/node.json', permissions: '0600', content: JSON.stringify(node) },
        { path: '/etc/jeroboam/ca.pem', permissions: '0644', content: this.ca.certPem },
        { path: '/usr/local/sbin/jeroboam-node', permissions: '0755', content: '#!/bin/sh\n' },
      ],
      runcmd: [['/usr/local/sbin/jeroboam-node']],
    };
    return gzipSync(`#cloud-config\n${stringify(config)}`).toString('base64');
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
  }
}
