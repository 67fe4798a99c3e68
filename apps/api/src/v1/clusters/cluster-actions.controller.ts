import type { Microversion, RequestContext } from '#libs/domain';
import { Body, Controller, Param, Post } from '@nestjs/common';
import type { z } from 'zod';
import { Endpoint } from '../../http/endpoint.js';
import { Ctx, Version } from '../../http/request.js';
import { repairBody, resizeBody, upgradeBody, type RepairBody, type ResizeBody, type UpgradeBody } from './cluster.dto.js';
import { uuidView } from './cluster.view.js';
import { RepairCluster } from './repair-cluster.js';
import { ResizeCluster } from './resize-cluster.js';
import { UpgradeCluster } from './upgrade-cluster.js';

const tag = 'Clusters';
const AMBIGUOUS = 'Several clusters have this name: use the uuid';

@Controller('v1/clusters/:cluster/actions')
export class ClusterActionsController {
  constructor(
    private readonly resizer: ResizeCluster,
    private readonly upgrader: UpgradeCluster,
    private readonly repairer: RepairCluster,
  ) {}

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

  @Post('upgrade')
  @Endpoint({
    rules: ['cluster:upgrade'],
    since: '1.7',
    tag,
    summary: 'Bring a cluster to another template: its image and its Kubernetes',
    example: { cluster_template: 'k8s-1-37', max_batch_size: 1 },
    description:
      'From microversion 1.8; at 1.7 it is 400. The default groups bring the control plane along; any other group can only follow the ' +
      'template that the cluster has. Nodes are replaced in batches, drained first. Kubernetes never goes back, and one minor at a time.',
    success: 202,
    answer: uuidView,
    errors: {
      400: 'A field cannot be taken; the driver cannot upgrade; the template does not fit; or the cluster’s status does not allow it',
      404: 'The cluster, the template or the node group is not there',
      409: 'The node group cannot follow another template than its cluster’s; or several have this name',
    },
  })
  async upgrade(
    @Ctx() ctx: RequestContext,
    @Version() version: Microversion,
    @Param('cluster') ident: string,
    @Body({ schema: upgradeBody }) body: UpgradeBody,
  ): Promise<z.infer<typeof uuidView>> {
    return { uuid: await this.upgrader.run(ctx, version, ident, body) };
  }

  @Post('repair')
  @Endpoint({
    rules: ['cluster:repair'],
    tag,
    summary: 'Replace nodes that are unwell',
    example: { nodes: ['k1-3f2a9c1b7d4e-worker-1'] },
    description:
      'The named nodes, or all that are marked unhealthy, make room for new ones; node groups that have fewer nodes than they should are ' +
      'filled up. What is left of a node whose server is gone is tidied away. Masters are replaced one at a time, so that etcd keeps its ' +
      'majority; the only master of a cluster cannot be replaced. Repairs queue up behind other changes, like resizes. Ours, not Magnum’s.',
    success: 202,
    answer: uuidView,
    errors: {
      400: 'A field cannot be taken, or names no node of the cluster; the driver cannot repair; or the cluster’s status does not allow it',
      404: 'The cluster is not there',
      409: 'The only master cannot be replaced; or several clusters have this name',
    },
  })
  async repair(
    @Ctx() ctx: RequestContext,
    @Param('cluster') ident: string,
    @Body({ schema: repairBody }) body: RepairBody,
  ): Promise<z.infer<typeof uuidView>> {
    return { uuid: await this.repairer.run(ctx, ident, body) };
  }
}
