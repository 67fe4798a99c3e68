import type { Microversion, RequestContext } from '#libs/domain';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { ChangeWork } from './change-work.js';

/** What the hooks leave on a request. */
export interface ApiRequest extends FastifyRequest {
  /** Absent on public routes. */
  context?: RequestContext;
  /** Absent outside /v1. */
  microversion?: Microversion;
  /** Where clients reach us: scheme, host, mount path. For links. */
  baseUrl: string;
  /** What its transactions do beside the use case; from the route on, with a caller. */
  work?: ChangeWork;
}

const requestOf = (execution: ExecutionContext): ApiRequest => execution.switchToHttp().getRequest<ApiRequest>();

/** The caller, as `RequestContext`. */
export const Ctx = createParamDecorator((_: unknown, execution: ExecutionContext): RequestContext => {
  const { context } = requestOf(execution);
  if (!context) throw new Error('a route that needs a caller is marked public');
  return context;
});

/** The negotiated microversion. */
export const Version = createParamDecorator((_: unknown, execution: ExecutionContext): Microversion => {
  const { microversion } = requestOf(execution);
  if (!microversion) throw new Error('a route outside /v1 asks for a microversion');
  return microversion;
});

/** The public base URL, for links. */
export const BaseUrl = createParamDecorator((_: unknown, execution: ExecutionContext): string => requestOf(execution).baseUrl);
