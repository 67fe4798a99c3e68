import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { UnitOfWork } from '#libs/db';
import { nestLogger } from '#libs/runtime';
import { ModulesContainer, NestFactory, Reflector } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';
import { ApiModule } from './api.module.js';
import { Authenticator } from './auth/authenticator.js';
import { TokenCache } from './auth/token-cache.js';
import { isFace } from './heat/heat-request.js';
import { ChangeHooks } from './http/change-hooks.js';
import { ArgumentsGuard } from './http/arguments.guard.js';
import { describeRoutes, type Controller } from './http/completeness.js';
import { ConditionInterceptor } from './http/condition.interceptor.js';
import { EndpointGuard, PolicyInterceptor } from './http/endpoint.guard.js';
import { envelope, ErrorFilter } from './http/error.filter.js';
import { BODY_LIMIT, installHooks, rewriteUrl } from './http/hooks.js';
import { installRequestLog } from './http/request-log.js';
import { RouteTable } from './http/route-table.js';
import { validationPipe } from './http/validation.pipe.js';
import { installDocs } from './openapi/docs.js';
import type { ApiParts } from './parts.js';

const REQUEST_MS = 60_000;

/**
 * The API as main and the tests run it: every hook, guard and filter in place, initialised, not yet listening.
 * @throws a route has no policy
 */
export async function createApi(parts: ApiParts): Promise<NestFastifyApplication> {
  const { settings, log } = parts;
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_LIMIT,
    // Fastify waits for ever for a request that does not end.
    requestTimeout: REQUEST_MS,
    requestIdHeader: false,
    genReqId: () => `req-${randomUUID()}`,
    rewriteUrl: (request: IncomingMessage) => rewriteUrl(request.url ?? '/'),
    exposeHeadRoutes: false,
    trustProxy: settings.API_TRUST_PROXY,
    forceCloseConnections: 'idle',
    // Before any hook: a path that is no text, or a part of it that is too long for a name.
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
      const status = error.statusCode ?? 400;
      void reply
        .code(status)
        .header('x-openstack-request-id', request.id)
        .header('content-type', 'application/json')
        // No hook is asked here: to text the framework would add a charset.
        .send(
          Buffer.from(JSON.stringify(envelope(status, `${status === 414 ? 'The path is too long' : 'The path is not valid'}.`))),
        );
    },
  });
  const routes = new RouteTable();
  const server = adapter.getInstance();
  const authenticator = new Authenticator(
    new TokenCache((token) => parts.cloud.validateToken(parts.service, token)),
    parts.policy,
  );
  installRequestLog(server, parts.metrics, log);
  installHooks(server, settings, authenticator, routes);
  const app = await NestFactory.create<NestFastifyApplication>(ApiModule.from(parts), adapter, {
    bodyParser: false,
    logger: nestLogger(log),
    abortOnError: false,
  });
  const reflector = app.get(Reflector);
  app.useGlobalPipes(validationPipe());
  app.useGlobalGuards(new EndpointGuard(reflector, parts.policy), new ArgumentsGuard());
  app.get(ChangeHooks).install(server);
  app.useGlobalInterceptors(new PolicyInterceptor(reflector, parts.policy), new ConditionInterceptor(app.get(UnitOfWork)));
  app.useGlobalFilters(new ErrorFilter(routes, settings.KEYSTONE_AUTH_URL, log));
  const described = describeRoutes(controllersOf(app.get(ModulesContainer)), parts.policy);
  installDocs(
    app,
    described.filter(({ path }) => !isFace(path)),
  );
  await app.init();
  await server.ready();
  return app;
}

/** Every controller that Nest has found, not only those we remember. */
function controllersOf(modules: ModulesContainer): Controller[] {
  return [...modules.values()].flatMap((module) =>
    [...module.controllers.values()].map(({ metatype }) => metatype as Controller),
  );
}
