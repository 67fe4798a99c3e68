import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Cloud } from '../cloud.js';
import type { CallLog } from '../faults/call-log.js';
import type { FaultRule, Faults } from '../faults/faults.js';
import type { Auth } from '../identity/auth.js';
import { ApiError, badRequest, notFound } from './api-error.js';
import type { Call, Reply, Route } from './call.js';
import { Router } from './router.js';
import type { Service } from './service.js';

const bodyLimitBytes = 4 << 20;
/** A call may bring its own fault, as JSON: a test that means one call of many like it needs no rule. */
const FAULT_HEADER = 'x-sandbox-fault';

interface Mounted {
  readonly service: Service;
  readonly root: Router;
  readonly router: Router;
}

/** The listener: finds service and route, injects faults, authenticates, runs the handler in a unit, answers. */
export class HttpServer {
  private readonly server: Server;
  private readonly mounted = new Map<string, Mounted>();
  private closing = false;

  constructor(
    private readonly cloud: Cloud,
    services: readonly Service[],
    /** Routes below `/sandbox`, served without fault or token. */
    private readonly admin: Router,
    private readonly faults: Faults,
    private readonly log: CallLog,
    private readonly authenticate: (token: string | undefined) => Auth | undefined,
  ) {
    for (const service of services) {
      this.mounted.set(service.prefix, { service, root: new Router(service.rootRoutes), router: new Router(service.routes) });
    }
    this.server = createServer({ keepAliveTimeout: 75_000, maxHeaderSize: 32_768 }, (request, response) => {
      this.serve(request, response).catch((error: unknown) => {
        if (request.destroyed && !request.complete) return; // the caller went away in the middle of its request
        process.emitWarning(
          `sandbox: ${request.method} ${request.url}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
        );
        if (!response.headersSent)
          send(response, {
            status: 500,
            body: { error: { code: 500, title: 'Internal Server Error', message: 'The sandbox failed.' } },
          });
      });
    });
  }

  async listen(host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, host, () => {
        this.server.off('error', reject);
        resolve();
      });
    });
    return (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.closing = true;
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeAllConnections();
    await closed;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const method = request.method ?? 'GET';
    const segments = url.pathname.split('/').filter((segment) => segment !== '');
    const { text, tooLarge } = await readBody(request);
    const prefix = segments[0] ?? '';
    if (prefix === 'sandbox') return this.serveAdmin(method, url, text, request, response);
    const mounted = this.mounted.get(prefix);
    if (mounted === undefined)
      return send(response, {
        status: 404,
        body: { error: { code: 404, title: 'Not Found', message: `No service at ${url.pathname}` } },
      });
    const { service } = mounted;
    const versioned = service.versions.includes(segments[1] ?? '');
    const below = `/${segments.slice(versioned ? 2 : 1).join('/')}`;
    const match = (versioned ? mounted.router : mounted.root).find(method === 'HEAD' && !versioned ? 'GET' : method, below);
    const template = match.kind === 'route' ? match.route.template : below;
    const requestId = `req-${randomUUID()}`;
    const fault =
      ownFault(header(request, FAULT_HEADER)) ??
      this.faults.strike({ service: service.name, method, path: below, template, body: text ?? '' });
    const latency = this.cloud.time('apiMs');
    if (latency > 0) await sleep(latency);
    let auth: Auth | undefined;
    const record = (status: number): void =>
      this.log.add({
        at: Date.now(),
        service: service.name,
        method,
        template,
        path: below,
        status,
        requestId,
        userId: auth?.user.id ?? null,
        projectId: auth?.projectId ?? null,
      });

    if (fault !== undefined && fault.after !== true) {
      if (fault.kind === 'delay') await sleep(fault.delay_ms ?? 1000);
      if (fault.kind === 'drop-before' || fault.kind === 'hang') {
        record(0);
        if (fault.kind === 'drop-before') request.socket.destroy();
        return;
      }
    }
    let microversion: readonly [number, number] = [0, 0];
    let reply: Reply;
    try {
      microversion = service.microversion?.(request.headers) ?? microversion;
      if (fault?.kind === 'status' && fault.after !== true) {
        reply = faultReply(service, fault, request);
      } else {
        if (tooLarge) throw new ApiError(413, 'Request is too large.');
        if (match.kind !== 'route')
          throw match.kind === 'method'
            ? new ApiError(405, 'Method is not allowed')
            : notFound('The resource could not be found.');
        if (!match.route.open) {
          auth = this.authenticate(header(request, 'x-auth-token'));
          if (auth === undefined) throw new ApiError(401, 'The request you have made requires authentication.');
        }
        reply = this.handle(
          match.route,
          call(method, below, match.params, url, request, parse(request, text), requestId, microversion, auth, fault),
        );
      }
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      reply = this.errorReply(service, error, request);
    }
    if (fault !== undefined) {
      if (fault.after === true && fault.kind === 'delay') await sleep(fault.delay_ms ?? 1000);
      if (fault.after === true && fault.kind === 'status') reply = faultReply(service, fault, request);
      if (fault.kind === 'drop-after' || fault.kind === 'hang') {
        record(0);
        if (fault.kind === 'drop-after') request.socket.destroy();
        return;
      }
    }
    record(reply.status);
    if (this.closing) response.setHeader('connection', 'close');
    const headers = { 'x-openstack-request-id': requestId, ...service.headers?.(requestId, microversion), ...reply.headers };
    send(response, { ...reply, headers }, fault?.kind === 'malformed');
  }

  private handle(route: Route, call: Call): Reply {
    return this.cloud.store.unit(() => route.handler(call));
  }

  private errorReply(service: Service, error: ApiError, request: IncomingMessage): Reply {
    const challenge: Record<string, string> =
      error.status === 401 ? { 'www-authenticate': `Keystone uri="${this.cloud.baseUrl}/identity"` } : {};
    if (error.status !== 401 || service.name === 'identity') {
      return { status: error.status, body: service.error(error, request.headers), headers: { ...challenge, ...error.headers } };
    }
    return { status: 401, body: { error: { code: 401, title: 'Unauthorized', message: error.message } }, headers: challenge };
  }

  private serveAdmin(
    method: string,
    url: URL,
    text: string | undefined,
    request: IncomingMessage,
    response: ServerResponse,
  ): void {
    const match = this.admin.find(method, url.pathname);
    if (match.kind !== 'route') return send(response, { status: 404, body: { error: `no ${method} ${url.pathname}` } });
    try {
      send(
        response,
        this.handle(
          match.route,
          call(
            method,
            url.pathname,
            match.params,
            url,
            request,
            parse(request, text),
            'req-sandbox',
            [0, 0],
            undefined,
            undefined,
          ),
        ),
      );
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      send(response, { status: error.status, body: { error: error.message } });
    }
  }
}

function call(
  method: string,
  path: string,
  params: Readonly<Record<string, string>>,
  url: URL,
  request: IncomingMessage,
  body: unknown,
  requestId: string,
  microversion: readonly [number, number],
  auth: Auth | undefined,
  fault: FaultRule | undefined,
): Call {
  return {
    method,
    path,
    params,
    query: url.searchParams,
    header: (name) => header(request, name),
    body,
    requestId,
    microversion,
    get auth(): Auth {
      if (auth === undefined) throw new Error(`${path} is open: nobody is known`);
      return auth;
    },
    outcome:
      fault?.kind === 'outcome'
        ? { outcome: fault.outcome ?? 'error', reason: fault.reason ?? 'Injected by the sandbox' }
        : undefined,
  };
}

function faultReply(service: Service, fault: FaultRule, request: IncomingMessage): Reply {
  const status = fault.status ?? 500;
  const error = new ApiError(
    status,
    fault.reason ?? 'The server has either erred or is incapable of performing the requested operation.',
    'InjectedFault',
  );
  const headers: Record<string, string> = fault.retry_after === undefined ? {} : { 'retry-after': String(fault.retry_after) };
  return { status, body: fault.body ?? service.error(error, request.headers), headers };
}

function ownFault(text: string | undefined): FaultRule | undefined {
  return text === undefined ? undefined : (JSON.parse(text) as FaultRule);
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name.toLowerCase()];
  return Array.isArray(value) ? value[0] : value;
}

function parse(request: IncomingMessage, text: string | undefined): unknown {
  if (text === undefined || text.trim() === '' || header(request, 'content-type')?.includes('octet-stream') === true)
    return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw badRequest('Malformed request body', 'HTTPBadRequest');
  }
}

/** @returns the body as text, undefined without one, and whether it was past the limit (it is read to its end all the same) */
async function readBody(request: IncomingMessage): Promise<{ text: string | undefined; tooLarge: boolean }> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= bodyLimitBytes) chunks.push(chunk);
  }
  return { text: length === 0 ? undefined : Buffer.concat(chunks).toString('utf8'), tooLarge: length > bodyLimitBytes };
}

function send(response: ServerResponse, reply: Reply, malformed = false): void {
  const { body } = reply;
  const html = typeof body === 'string';
  let text = body === undefined ? '' : html ? body : JSON.stringify(body);
  if (malformed) text = text.slice(0, Math.max(1, Math.floor(text.length / 2)));
  response.writeHead(reply.status, {
    ...(text === '' ? {} : { 'content-type': html ? 'text/html; charset=UTF-8' : 'application/json' }),
    ...(reply.status === 204 ? {} : { 'content-length': Buffer.byteLength(text) }),
    ...reply.headers,
  });
  response.end(text);
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
