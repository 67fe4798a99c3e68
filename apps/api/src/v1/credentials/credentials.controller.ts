import type { RequestContext } from '#libs/domain';
import { Controller, Param, Patch } from '@nestjs/common';
import type { z } from 'zod';
import { Endpoint } from '../../http/endpoint.js';
import { Ctx } from '../../http/request.js';
import { uuidView } from '../clusters/cluster.view.js';
import { RotateCredential } from './rotate-credential.js';

@Controller('v1/credentials')
export class CredentialsController {
  constructor(private readonly rotator: RotateCredential) {}

  @Patch(':cluster')
  @Endpoint({
    rules: ['credential:rotate'],
    since: '1.12',
    tag: 'Credentials',
    summary: 'Give a cluster a new credential in the cloud',
    description: 'Without a body. The cluster acts for the caller from then on; its status does not change.',
    success: 202,
    answer: uuidView,
    errors: {
      400: 'The cluster’s status does not allow it',
      404: 'No such cluster in the project',
      409: 'Several clusters have this name',
    },
  })
  async patch(@Ctx() ctx: RequestContext, @Param('cluster') ident: string): Promise<z.infer<typeof uuidView>> {
    return { uuid: await this.rotator.run(ctx, ident) };
  }
}
