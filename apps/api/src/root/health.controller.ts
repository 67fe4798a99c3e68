import { Controller, Get, Header } from '@nestjs/common';
import { Database } from '#libs/db';
import { ServiceUnavailable } from '#libs/domain';
import { OperationQueue } from '#libs/jobs';
import { z } from 'zod';
import { Endpoint } from '../http/endpoint.js';

const okView = z.string().meta({ description: '`OK`' });
const readyView = z
  .object({
    database: z.literal('ok').meta({ description: 'Postgres answers' }),
    queue: z.literal('ok').meta({ description: 'The queue answers' }),
  })
  .meta({ id: 'Readiness', description: 'What the service needs, and that it is there' });

/** For load balancers and orchestrators: no token, no secrets. */
@Controller()
export class HealthController {
  constructor(
    private readonly source: Database,
    private readonly queue: OperationQueue,
  ) {}

  @Get(['healthcheck', 'healthz'])
  @Header('content-type', 'text/plain; charset=UTF-8')
  @Endpoint({
    rules: 'public',
    tag: 'Health',
    summary: 'The process lives',
    success: 200,
    answer: okView,
    mediaType: 'text/plain',
  })
  live(): string {
    return 'OK';
  }

  @Get('readyz')
  @Endpoint({
    rules: 'public',
    tag: 'Health',
    summary: 'The service can work: Postgres and the queue answer',
    success: 200,
    answer: readyView,
    errors: { 503: 'Postgres or the queue does not answer; the detail names it' },
  })
  async ready(): Promise<z.infer<typeof readyView>> {
    const [database, queue] = await Promise.all([
      this.source.query('SELECT 1').then(
        () => true,
        () => false,
      ),
      this.queue.health(),
    ]);
    if (!database) throw new ServiceUnavailable('The database does not answer.', { service: 'database' });
    if (!queue.ok) throw new ServiceUnavailable('The queue does not answer.', { service: 'queue' });
    return { database: 'ok', queue: 'ok' };
  }
}
