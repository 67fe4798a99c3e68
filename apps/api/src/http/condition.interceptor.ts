import { UnitOfWork } from '#libs/db';
import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { mergeMap, type Observable } from 'rxjs';
import type { ApiRequest } from './request.js';

/** A route that found nothing to change had no transaction in which `If-Match` was looked at: it is looked at now. */
@Injectable()
export class ConditionInterceptor implements NestInterceptor {
  constructor(private readonly uow: UnitOfWork) {}

  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { work } = execution.switchToHttp().getRequest<ApiRequest>();
    return next.handle().pipe(
      mergeMap(async (answer: unknown) => {
        if (work?.mustCheck) await this.uow.run(async () => undefined);
        return answer;
      }),
    );
  }
}
