import { InvalidInput } from '#libs/domain';
import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import { isPlainObject } from './python-repr.js';
import type { ApiRequest } from './request.js';

/**
 * What a route does not take at all it refuses, as upstream does: any parameter of a query where there is no schema for
 * one, any key of a body. Routes with a schema refuse by it.
 */
@Injectable()
export class ArgumentsGuard implements CanActivate {
  canActivate(execution: ExecutionContext): boolean {
    const request = execution.switchToHttp().getRequest<ApiRequest>();
    if (!request.microversion) return true;
    const takes = takenBy(execution);
    if (!takes.query) refuse(Object.keys(request.query ?? {}));
    if (takes.body || request.method === 'GET') return true;
    const body: unknown = request.body ?? {};
    if (!isPlainObject(body)) throw new InvalidInput('invalid-body', 'Request must be a JSON dict');
    refuse(Object.keys(body));
    return true;
  }
}

function takenBy(execution: ExecutionContext): { readonly query: boolean; readonly body: boolean } {
  const known = (Reflect.getMetadata(ROUTE_ARGS_METADATA, execution.getClass(), execution.getHandler().name) ?? {}) as object;
  const has = (type: RouteParamtypes): boolean => Object.keys(known).some((key) => key.startsWith(`${type}:`));
  return { query: has(RouteParamtypes.QUERY), body: has(RouteParamtypes.BODY) };
}

function refuse(unknown: readonly string[]): void {
  if (unknown.length === 0) return;
  throw new InvalidInput('unknown-argument', `Unknown argument: "${unknown.join(', ')}"`, { field: unknown[0] });
}
