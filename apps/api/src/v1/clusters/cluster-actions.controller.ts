import type { Microversion, RequestContext } from '#libs/domain';
import { Body, Controller, Param, Post } from '@nestjs/common';
import type { z } from 'zod';
import { Endpoint } from '../../http/endpoint.js';
import { Ctx, Version } from '../../http/request.js';
import { resizeBody, type ResizeBody } from './cluster.dto.js';
import { uuidView } from './cluster.view.js';
import { ResizeCluster } from './resize-cluster.js';

const tag = 'Clusters';
const AMBIGUOUS = 'Several clusters have this name: use the uuid';

@Controller('v1/clusters/:cluster/actions')
export class ClusterActionsController {
  constructor(private readonly resizer: ResizeCluster) {}

  @Post('resize')
  @Endpoint({
    rules: ['cluster:resize'],
    since: '1.7',
    tag,
    summary: 'Change how many nodes a node group has',
    example: { node_count: 3, nodegroup: 'default-worker' },
    description:
      'The new count, the group’s and the cluster’s `UPDATE_IN_PROGRESS` are stored when the answer comes. Several resizes are done one ' +
      'after the other, each to its own count. Nodes that leave are drained first.',
    success: 202,
    answer: uuidView,
    errors: {
      400: 'A field cannot be taken; the count is outside the group’s limits; masters cannot be resized; or the cluster’s status does not allow it',
      404: 'The cluster or the node group is not there',
      409: AMBIGUOUS,
    },
  })
  async resize(
    @Ctx() ctx: RequestContext,
    @Version() version: Microversion,
    @Param('cluster') ident: string,
    @Body({ schema: resizeBody }) body: ResizeBody,
  ): Promise<z.infer<typeof uuidView>> {
    return { uuid: await this.resizer.run(ctx, version, ident, body) };
  }
}
