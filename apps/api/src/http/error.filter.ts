import { isDatabaseAway } from '#libs/db';
import { JeroboamError, MAX_VERSION, MIN_VERSION, ServiceUnavailable, VERSION_HEADER } from '#libs/domain';
import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Logger } from 'pino';
import {
  IdempotencyKeyInUse,
  MethodNotAllowed,
  NotAcceptable,
  PathNotFound,
  RoutingError,
  TooManyStreams,
  Unauthenticated,
  UnsupportedMicroversion,
} from './http-errors.js';
import { oddShape } from './odd-shapes.js';
import type { ApiRequest } from './request.js';
import type { RouteTable } from './route-table.js';
import { faultBody, faultType, HeatFault, HeatNotFound, StacksAreReadOnly } from '../heat/heat-faults.js';
import { isFace } from '../heat/heat-request.js';

interface ErrorBody {
  readonly errors: readonly Record<string, unknown>[];
}

/**
 * Every error of the API becomes Magnum's envelope here and nowhere else.
 * Source: magnum/api/middleware/parsable_error.py; reference section 2.2.
 */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  constructor(
    private readonly routes: RouteTable,
    private readonly authUrl: string,
    private readonly log: Logger,
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<ApiRequest>();
    const reply = http.getResponse<FastifyReply>();
    if (reply.sent) return;
    const error = this.translate(thrown, request);
    const { status, body } = this.answer(error, request, reply);
    if (status >= 500)
      this.log.error({ err: withCauses(thrown), requestId: request.id, status }, 'answering with a server error');
    void reply.status(status).header('content-type', 'application/json').send(JSON.stringify(body));
  }

  /** What the framework throws gets our own words. */
  private translate(thrown: unknown, request: ApiRequest): unknown {
    if (thrown instanceof JeroboamError) return thrown;
    if (isDatabaseAway(thrown)) {
      return new ServiceUnavailable('The database does not answer. Try again later.', { service: 'database' }, { cause: thrown });
    }
    const status = statusOf(thrown);
    if (status === 404) {
      const odd = oddShape(request.method, request.url, request.microversion);
      if (odd) return odd;
      const allow = this.routes.methodsOf(request.url);
      if (isFace(request.url)) return offFace(request, allow);
      return allow.length > 0 || !readsOnly(request) ? new MethodNotAllowed(allow) : new PathNotFound();
    }
    return thrown;
  }

  private answer(error: unknown, request: ApiRequest, reply: FastifyReply): { status: number; body: object } {
    if (error instanceof Unauthenticated) {
      void reply.header('www-authenticate', `Keystone uri="${this.authUrl}"`);
      return { status: 401, body: { error: { code: 401, title: 'Unauthorized', message: error.message } } };
    }
    const wantsJson = (request.headers.accept ?? '').includes('application/json');
    if (error instanceof UnsupportedMicroversion) return { status: 406, body: microversionBody(error, wantsJson) };
    if (isFace(request.url)) return heatAnswer(error, reply);
    if (error instanceof MethodNotAllowed) void reply.header('allow', error.allow.join(', '));
    if (error instanceof IdempotencyKeyInUse || error instanceof TooManyStreams)
      void reply.header('retry-after', String(error.retryAfterSeconds));
    if (error instanceof RoutingError) withoutVersion(reply);
    if (error instanceof RoutingError) return { status: error.status, body: routingBody(error, wantsJson) };
    if (error instanceof JeroboamError) return { status: error.status, body: envelope(error.status, error.message) };
    const status = statusOf(error);
    if (status !== undefined && status < 500) return { status, body: envelope(status, wordsOf(error, status)) };
    return { status: 500, body: envelope(500, 'Internal server error.') };
  }
}

/** Nothing of the face: what would write is told apart from what is not there. */
function offFace({ method, url }: ApiRequest, allow: readonly string[]): HeatFault {
  if (allow.length > 0 || method !== 'GET') return new StacksAreReadOnly(allow.length > 0 ? allow : ['GET']);
  const path = (url.split('?', 1)[0] ?? '').replace(/^\/orchestration(\/v1(\/[^/]+)?)?/, '') || '/';
  return new HeatNotFound(`Here are stacks of container clusters, and no ${path}.`);
}

/** Heat's envelope, for the face. */
function heatAnswer(error: unknown, reply: FastifyReply): { status: number; body: object } {
  if (error instanceof StacksAreReadOnly) void reply.header('allow', error.allow.join(', '));
  const status = error instanceof JeroboamError ? error.status : (statusOf(error) ?? 500);
  if (status >= 500 && !(error instanceof JeroboamError))
    return { status: 500, body: faultBody(500, faultType(500), 'Internal server error.') };
  const type = error instanceof HeatFault ? error.type : faultType(status);
  return { status, body: faultBody(status, type, error instanceof JeroboamError ? error.message : wordsOf(error, status)) };
}

/** What no route was asked for has no version. */
function withoutVersion(reply: FastifyReply): void {
  for (const name of ['OpenStack-API-Minimum-Version', 'OpenStack-API-Maximum-Version', VERSION_HEADER, 'Vary'])
    reply.removeHeader(name);
}

/** Not the full stops of addresses and versions. */
const SENTENCE_END = /\.(?=\s|$)/;

/** `{"errors":[...]}`; the title, all that `openstack coe` prints, is the first sentence. */
export function envelope(status: number, message: string): ErrorBody {
  const code = status >= 500 ? 'server' : 'client';
  const title = message.split(SENTENCE_END, 1)[0] ?? '';
  return { errors: [{ request_id: '', code, status, title, detail: message, links: [] }] };
}

function routingBody(error: RoutingError, wantsJson: boolean): ErrorBody {
  const reason = error instanceof PathNotFound || error instanceof MethodNotAllowed ? '' : error.message;
  const title = { 404: 'Not Found', 405: 'Method Not Allowed', 406: 'Not Acceptable' }[error.status] ?? '';
  const malformedVersion = error instanceof NotAcceptable && wantsJson;
  return {
    errors: [
      {
        request_id: '',
        code: '',
        status: error.status,
        title: wantsJson ? title : '',
        detail: wantsJson || malformedVersion ? reason : '',
        links: [],
      },
    ],
  };
}

function microversionBody(error: UnsupportedMicroversion, wantsJson: boolean): ErrorBody {
  return {
    errors: [
      {
        code: 'magnum.microversion-unsupported',
        title: 'Requested microversion is unsupported',
        ...(wantsJson ? { description: error.message } : {}),
        min_version: MIN_VERSION.toString(),
        max_version: MAX_VERSION.toString(),
        links: [{ rel: 'help', href: 'http://docs.openstack.org/api-guide/compute/microversions.html' }],
      },
    ],
  };
}

const readsOnly = (request: ApiRequest): boolean => request.method === 'GET' || !request.url.startsWith('/v1');

function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' ? status : undefined;
}

function wordsOf(error: unknown, status: number): string {
  if (status === 413) return 'Request body is too large: at most 1 MiB is taken.';
  if (status === 400 && error instanceof HttpException && error.cause instanceof SyntaxError)
    return 'Request is not in valid JSON format';
  return error instanceof Error ? error.message : 'The request cannot be taken.';
}

/** For the log: the error with its causes, as text. */
function withCauses(error: unknown): { message: string; stack?: string | undefined; cause?: unknown } {
  if (!(error instanceof Error)) return { message: String(error) };
  return { message: error.message, stack: error.stack, ...(error.cause ? { cause: withCauses(error.cause) } : {}) };
}
