import type { RequestContext } from '#libs/domain';
import { ConductorsRepository } from '#libs/db';
import { Controller, Get, Query } from '@nestjs/common';
import { z } from 'zod';
import { Endpoint } from '../../http/endpoint.js';
import { Ctx } from '../../http/request.js';
import { createdAt, numberOf, textOf, updatedAt, wireTime } from '../../http/views.js';
import { query } from '../../http/wire.js';
import { Policy } from '../../policy/policy.js';

/** A conductor that has not been heard of for so long is down. */
const DOWN_AFTER_MS = 60_000;

const noQuery = query({});
const serviceView = z
  .object({
    host: textOf('Name of the conductor'),
    binary: z.literal('magnum-conductor').meta({ description: 'Always this' }),
    state: z.enum(['up', 'down']).meta({ description: 'Whether it was heard of within a minute' }),
    id: numberOf('Number'),
    report_count: numberOf('Heartbeats so far'),
    disabled: z.literal(false).meta({ description: 'Always false' }),
    disabled_reason: z.null().meta({ description: 'Always null' }),
    created_at: createdAt,
    updated_at: updatedAt,
  })
  .meta({ id: 'Service', description: 'A conductor' });
const serviceListView = z
  .object({ mservices: z.array(serviceView).meta({ description: 'One for each conductor' }) })
  .meta({ id: 'Services', description: 'The conductors' });

/** Reference section 5.8. */
@Controller('v1/mservices')
export class MservicesController {
  constructor(
    private readonly policy: Policy,
    private readonly conductors: ConductorsRepository,
  ) {}

  @Get()
  @Endpoint({
    rules: ['magnum-service:get_all'],
    tag: 'Services',
    summary: 'List the conductors',
    success: 200,
    answer: serviceListView,
    errors: { 400: 'There are no parameters' },
  })
  async get_all(
    @Ctx() ctx: RequestContext,
    @Query({ schema: noQuery }) _query: object,
  ): Promise<z.infer<typeof serviceListView>> {
    this.policy.enforce(ctx, 'magnum-service:get_all');
    const rows = await this.conductors.list();
    return {
      mservices: rows.map((row) => ({
        host: row.host,
        binary: 'magnum-conductor' as const,
        state: Date.now() - row.lastSeenAt.getTime() < DOWN_AFTER_MS ? ('up' as const) : ('down' as const),
        id: row.id,
        report_count: row.reportCount,
        disabled: false as const,
        disabled_reason: null,
        created_at: wireTime(row.createdAt),
        updated_at: wireTime(row.updatedAt),
      })),
    };
  }
}
