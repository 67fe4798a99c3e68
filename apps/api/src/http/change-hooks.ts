import { MIN_VERSION, type RequestContext } from '#libs/domain';
import {
  IdempotencyKeysRepository,
  quotaIdent,
  requestWork,
  ResourceStateRepository,
  UnitOfWork,
  type Claim,
  type KeptAnswer,
} from '#libs/db';
import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ChangeWork } from './change-work.js';
import { entityTag, readTags } from './entity-tag.js';
import { PreconditionFailed } from './http-errors.js';
import { Idempotency } from './idempotency.js';
import { readKey, requestHash } from './idempotency-key.js';
import { Representations } from './representations.js';
import type { ApiRequest } from './request.js';
import { changes, targetOf, type Target } from './targets.js';

/** Headers of an answer that are the same when it is given again; the others belong to the request. */
const KEPT_HEADERS = ['content-type', 'location', 'etag', 'allow'];

interface ChangingRequest extends ApiRequest {
  claim?: Claim | undefined;
}

/**
 * `Idempotency-Key`, `If-Match`, `If-None-Match` and `ETag`, for every route alike. A request without these headers gets the
 * same answer as ever, with an `ETag` more.
 */
@Injectable()
export class ChangeHooks {
  constructor(
    private readonly idempotency: Idempotency,
    readonly keys: IdempotencyKeysRepository,
    readonly state: ResourceStateRepository,
    readonly representations: Representations,
    private readonly uow: UnitOfWork,
  ) {}

  install(server: FastifyInstance): void {
    server.decorateRequest('claim', undefined);
    server.decorateRequest('work', undefined);
    server.addHook('preHandler', (request, reply) => this.prepare(request as ChangingRequest, reply));
    server.addHook('preHandler', (request, _reply, done) => {
      const { work } = request as ChangingRequest;
      if (work) requestWork.run(work, done);
      else done();
    });
    server.addHook('onSend', (request, reply, payload) => this.complete(request as ChangingRequest, reply, payload));
  }

  /** Before the route: the key is claimed, or its answer is given again. */
  private async prepare(request: ChangingRequest, reply: FastifyReply): Promise<unknown> {
    const { context } = request;
    if (!context || request.is404 || !changes(request.method)) return undefined;
    const target = targetOf(request.method, request.routeOptions.url ?? '');
    const ifMatch = conditionOf(request, target);
    const claimed = await this.claim(request, context);
    if (claimed && 'answer' in claimed) return give(reply, claimed.answer);
    const claim = claimed?.claim;
    if (claim) {
      request.claim = claim;
      request.context = { ...context, reservedUuid: claim.resourceUuid };
    }
    const success = successOf(request);
    if (claim?.done) return give(reply, await this.recover(request, claim.done, target, success));
    request.work = new ChangeWork(this, {
      target,
      baseUrl: request.baseUrl,
      version: request.microversion ?? MIN_VERSION,
      ifMatch,
      claim,
      answersBody: success !== 204,
    });
    if (target.subject === 'quota') request.work.found.set('quota', quotaOf(request));
    return undefined;
  }

  private async claim(
    request: ChangingRequest,
    context: RequestContext,
  ): Promise<{ claim: Claim } | { answer: KeptAnswer } | undefined> {
    const header = request.headers['idempotency-key'];
    // A token without project is refused whatever it asks for.
    if (header === undefined || context.projectId === null) return undefined;
    const { method, url: path } = request;
    return this.idempotency.begin({
      projectId: context.projectId,
      userId: context.userId,
      key: readKey(header),
      method,
      path,
      requestHash: requestHash(method, path, request.microversion?.toString() ?? '', request.body),
    });
  }

  /** The answer of a run that has committed its work and then died. */
  private async recover(
    request: ApiRequest,
    done: NonNullable<Claim['done']>,
    target: Target,
    status: number,
  ): Promise<KeptAnswer> {
    if (status === 204) return { status, headers: {}, body: null };
    const { baseUrl, microversion: version = MIN_VERSION } = request;
    const { cluster } = done;
    const json = { 'content-type': 'application/json' };
    const kind = target.shown;
    if (kind === null || kind === 'cluster') {
      const tag: Record<string, string> = done.etag === undefined ? {} : { etag: done.etag };
      return { status, headers: { ...json, ...tag }, body: JSON.stringify({ uuid: cluster }) };
    }
    const ident = done[kind] ?? '';
    const view = await this.uow.run((tx) => this.representations.render(tx, kind, ident, baseUrl, version));
    const body = JSON.stringify(view ?? { uuid: ident });
    const headers: Record<string, string> = { ...json };
    if (view) headers['etag'] = entityTag(body, baseUrl, version);
    if (status === 201 && kind === 'cluster-template') headers['location'] = `${baseUrl}/v1/clustertemplates/${ident}`;
    return { status, headers, body };
  }

  /** Before the answer goes out: its tag; and it is kept for its key. */
  private async complete(request: ChangingRequest, reply: FastifyReply, payload: unknown): Promise<unknown> {
    const { claim, work, context, method } = request;
    if (work?.tag !== undefined && reply.statusCode < 300 && payload) reply.header('etag', work.tag);
    const shown =
      method === 'GET' && context && typeof payload === 'string' && reply.statusCode === 200
        ? tagShown(request, reply, payload)
        : payload;
    if (claim) {
      const headers = KEPT_HEADERS.flatMap((name) => {
        const value = reply.getHeader(name);
        return value === undefined ? [] : [[name, String(value)]];
      });
      request.claim = undefined;
      await this.idempotency.answered(claim, {
        status: reply.statusCode,
        headers: Object.fromEntries(headers) as Record<string, string>,
        body: typeof payload === 'string' && payload !== '' ? payload : null,
      });
    }
    return shown;
  }
}

/** @throws PreconditionFailed nothing is there that could have the tag */
function conditionOf(request: FastifyRequest, target: Target): '*' | string[] | undefined {
  const header = request.headers['if-match'];
  if (header === undefined) return undefined;
  const tags = readTags(header, 'If-Match');
  if (target.subject === null && tags !== '*') throw new PreconditionFailed();
  return tags;
}

function give(reply: FastifyReply, answer: KeptAnswer): FastifyReply {
  void reply.code(answer.status).headers({ ...answer.headers, 'idempotent-replayed': 'true' });
  return reply.send(answer.body ?? undefined);
}

/** The tag of what is shown; 304 when the client has it. */
function tagShown(request: ApiRequest, reply: FastifyReply, payload: string): string {
  const tag = entityTag(payload, request.baseUrl, request.microversion);
  reply.header('etag', tag);
  const header = request.headers['if-none-match'];
  if (header === undefined) return payload;
  if (!hasSeen(header, tag)) return payload;
  void reply.code(304).removeHeader('content-type').removeHeader('content-length');
  return '';
}

/** A header that cannot be read asks for nothing. The comparison is the weak one. */
function hasSeen(header: string, tag: string): boolean {
  return header.trim() === '*' || [...header.matchAll(/"[^"]*"/g)].some(([one]) => one === tag);
}

function successOf(request: FastifyRequest): number {
  const { success } = request.routeOptions.config as { success?: number };
  return success ?? 200;
}

/** Named by the path, or by the body of `DELETE /v1/quotas`. */
function quotaOf(request: FastifyRequest): string {
  const named = { ...(request.body as object | undefined), ...(request.params as { project?: string; resource?: string }) };
  const { project_id: given, project = given, resource } = named as Record<string, unknown>;
  return quotaIdent(typeof project === 'string' ? project : '', typeof resource === 'string' ? resource : '');
}
