import { NotFound, type RequestContext } from '#libs/domain';
import { Controller, Get, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { Endpoint } from '../../http/endpoint.js';
import { pageQuery, type PageQuery } from '../../http/paging.js';
import { Ctx } from '../../http/request.js';
import { Policy } from '../../policy/policy.js';

const listView = z
  .object({ federations: z.array(z.never()).meta({ description: 'Always empty' }) })
  .meta({ id: 'Federations', description: 'Magnum never finished federations: there are none' });

/** What Magnum’s clients may ask of its dead federations. Reference section 5.9. */
@Controller('v1/federations')
export class FederationsController {
  constructor(private readonly policy: Policy) {}

  @Get()
  @Endpoint({
    rules: ['federation:get_all'],
    tag: 'Federations',
    summary: 'List federations: none',
    success: 200,
    answer: listView,
  })
  get_all(@Ctx() ctx: RequestContext, @Query({ schema: pageQuery }) _query: PageQuery): z.infer<typeof listView> {
    this.policy.enforce(ctx, 'federation:get_all');
    return { federations: [] };
  }

  @Get('detail')
  @Endpoint({
    rules: ['federation:detail'],
    tag: 'Federations',
    summary: 'List federations: none',
    success: 200,
    answer: listView,
  })
  detail(@Ctx() ctx: RequestContext, @Query({ schema: pageQuery }) _query: PageQuery): z.infer<typeof listView> {
    this.policy.enforce(ctx, 'federation:detail');
    return { federations: [] };
  }

  @Get(':federation')
  @Endpoint({
    rules: ['federation:get'],
    tag: 'Federations',
    summary: 'Show a federation: there is none',
    success: 200,
    errors: { 404: 'Always' },
  })
  get_one(@Ctx() ctx: RequestContext, @Param('federation') ident: string): never {
    this.policy.enforce(ctx, 'federation:get');
    throw new NotFound('federation-not-found', `Federation ${ident} could not be found.`);
  }
}
