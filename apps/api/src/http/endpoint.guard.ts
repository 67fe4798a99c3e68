import { Microversion } from '#libs/domain';
import { Injectable, type CallHandler, type CanActivate, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { tap, type Observable } from 'rxjs';
import { Policy } from '../policy/policy.js';
import { ENDPOINT, type EndpointSpec } from './endpoint.js';
import { NotAcceptable } from './http-errors.js';
import type { ApiRequest } from './request.js';

/** Before the body is looked at: does the route exist at the negotiated version, and is the token of a kind that the policy looks at? */
@Injectable()
export class EndpointGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly policy: Policy,
  ) {}

  canActivate(execution: ExecutionContext): boolean {
    const spec = this.reflector.get<EndpointSpec | undefined>(ENDPOINT, execution.getHandler());
    const request = execution.switchToHttp().getRequest<ApiRequest>();
    if (!spec || spec.rules === 'public') return true;
    const { microversion, context } = request;
    if (spec.since && microversion && !microversion.atLeast(Microversion.of(spec.since))) {
      throw new NotAcceptable(
        `Version ${microversion.toString()} was requested but the requested API ${execution.getHandler().name} is not supported for this version.`,
      );
    }
    if (context) this.policy.admit(context, spec.rules);
    return true;
  }
}

/** After a route has answered: it must have asked one of its rules. A forgotten check fails every test of the route. */
@Injectable()
export class PolicyInterceptor implements NestInterceptor {
  constructor(
    private readonly reflector: Reflector,
    private readonly policy: Policy,
  ) {}

  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const spec = this.reflector.get<EndpointSpec | undefined>(ENDPOINT, execution.getHandler());
    const { context } = execution.switchToHttp().getRequest<ApiRequest>();
    return next.handle().pipe(
      tap(() => {
        if (!spec || spec.rules === 'public') return;
        if (!context || !this.policy.wasAsked(context, spec.rules)) {
          throw new Error(`${execution.getClass().name}.${execution.getHandler().name} did not ask its policy rule`);
        }
      }),
    );
  }
}
