import { X509Certificate } from 'node:crypto';
import type { Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Settings } from '#libs/config';
import { ensureBootstrapAuthority, SecretStore, UnitOfWork } from '#libs/db';
import { JeroboamError } from '#libs/domain';
import { createBootstrapAuthority, issueServerCertificate, type CertificateAndKey } from '#libs/pki';
import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { isIP } from 'node:net';
import type { Logger } from 'pino';
import { LOGGER, SETTINGS } from '../tokens.js';
import { BootstrapRefusal, unknownNode } from './bootstrap-errors.js';
import { bundleBody, FetchBundle } from './fetch-bundle.js';
import { TakeTurn } from './take-turn.js';
import { Gate } from './gate.js';
import { phaseBody, ReportPhase } from './report-phase.js';
import { signalBody, TakeSignal } from './take-signal.js';

const BODY_LIMIT = 32 * 1024;
/** A request that is not whole by then is cut: the listener is open to everybody. */
const REQUEST_MS = 30_000;
const CERTIFICATE_DAYS = 90;
const RENEW_MS = 24 * 3_600_000;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

interface NodeParams {
  Params: { node: string };
}

/** The listener that nodes know: TLS by the service's own authority, whose certificate is in their user data. */
@Injectable()
export class BootstrapServer implements BeforeApplicationShutdown {
  private server: FastifyInstance | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly phases: ReportPhase,
    private readonly signals: TakeSignal,
    private readonly bundles: FetchBundle,
    private readonly turns: TakeTurn,
    private readonly gate: Gate,
    private readonly uow: UnitOfWork,
    private readonly secrets: SecretStore,
    @Inject(SETTINGS) private readonly settings: Settings,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /** @returns the port */
  async listen(): Promise<number> {
    const { certPem, keyPem } = await this.certificate();
    const server = fastify({
      https: { cert: certPem, key: keyPem, minVersion: 'TLSv1.2' },
      bodyLimit: BODY_LIMIT,
      requestTimeout: REQUEST_MS,
      forceCloseConnections: true,
    });
    this.routes(server);
    await server.listen({ host: this.settings.BOOTSTRAP_HOST, port: this.settings.BOOTSTRAP_PORT });
    this.server = server as unknown as FastifyInstance;
    this.timer = setInterval(() => void this.renew(server.server), RENEW_MS);
    this.timer.unref();
    return (server.server.address() as AddressInfo).port;
  }

  /** First those who wait are sent away: an open request would hold the process. */
  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    this.gate.close();
    await this.server?.close();
  }

  private routes(server: FastifyInstance): void {
    server.setErrorHandler((error: Error, request, reply) => this.fail(error, request, reply));
    server.setNotFoundHandler((request, reply) =>
      this.fail(new BootstrapRefusal(404, 'path-not-found', 'Not Found', 'There is nothing here.'), request, reply),
    );
    server.post<NodeParams>('/bootstrap/v1/nodes/:node/phases', async (request, reply) => {
      await this.phases.run(nodeOf(request), bearerOf(request), parse(phaseBody, request.body));
      return reply.status(204).send();
    });
    server.post<NodeParams>('/bootstrap/v1/nodes/:node/bundle', (request) =>
      this.bundles.run(nodeOf(request), request.ip.replace(/^::ffff:/, ''), parse(bundleBody, request.body)),
    );
    server.post<NodeParams>('/bootstrap/v1/signals/:node', async (request, reply) => {
      await this.signals.run(nodeOf(request), bearerOf(request), parse(signalBody, request.body));
      return reply.status(204).send();
    });
    server.post<NodeParams>('/bootstrap/v1/nodes/:node/turn', async (request, reply) => {
      await this.turns.run(nodeOf(request), bearerOf(request));
      return reply.status(204).send();
    });
  }

  private async fail(error: Error, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const refusal = refusalOf(error);
    if (!(error instanceof BootstrapRefusal)) {
      const { node } = request.params as { node?: string };
      const level = refusal.status >= 500 ? 'error' : 'warn';
      this.log[level]({ err: error, nodeId: node, url: request.routeOptions.url }, 'a node could not be served');
    }
    if (refusal.retryAfter !== undefined) reply.header('retry-after', String(refusal.retryAfter));
    const { status, code, title, message: detail } = refusal;
    await reply.status(status).send({ errors: [{ code, status, title, detail }] });
  }

  private async certificate(): Promise<CertificateAndKey> {
    const authority = await ensureBootstrapAuthority(this.uow, this.secrets, createBootstrapAuthority);
    const hosts = [new URL(this.settings.BOOTSTRAP_PUBLIC_URL).hostname.replace(/^\[|\]$/g, ''), this.settings.BOOTSTRAP_HOST];
    const named = [...new Set(hosts)].filter((host) => host !== '0.0.0.0' && host !== '::');
    return issueServerCertificate(authority, {
      names: named.filter((host) => isIP(host) === 0),
      ips: named.filter((host) => isIP(host) !== 0),
      days: CERTIFICATE_DAYS,
    });
  }

  /** A process may outlive its certificate. */
  private async renew(server: HttpsServer): Promise<void> {
    try {
      const { certPem, keyPem } = await this.certificate();
      server.setSecureContext({ cert: certPem, key: keyPem, minVersion: 'TLSv1.2' });
      this.log.info({ until: new X509Certificate(certPem).validTo }, 'renewed the certificate of the bootstrap listener');
    } catch (error) {
      this.log.warn({ error: String(error) }, 'renewing the certificate of the bootstrap listener failed; tried again tomorrow');
    }
  }
}

function bearerOf(request: FastifyRequest): string {
  return /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
}

function nodeOf(request: FastifyRequest<NodeParams>): string {
  if (!UUID.test(request.params.node)) throw unknownNode();
  return request.params.node;
}

function parse<T>(
  schema: {
    safeParse(
      value: unknown,
    ): { success: true; data: T } | { success: false; error: { issues: readonly { path: PropertyKey[]; message: string }[] } };
  },
  body: unknown,
): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new BootstrapRefusal(
    400,
    'invalid-input',
    'Bad Request',
    `${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'cannot be taken'}`,
  );
}

/** What is not ours to tell becomes 500; a database that is away becomes "later". */
function refusalOf(error: Error): BootstrapRefusal {
  if (error instanceof BootstrapRefusal) return error;
  if (error instanceof JeroboamError) return new BootstrapRefusal(error.status, error.code, 'Error', error.message);
  const { statusCode } = error as FastifyError;
  if (statusCode !== undefined && statusCode < 500)
    return new BootstrapRefusal(statusCode, 'invalid-request', 'Bad Request', error.message);
  return new BootstrapRefusal(503, 'internal', 'Service Unavailable', 'Something went wrong here. Try again.', 5);
}
