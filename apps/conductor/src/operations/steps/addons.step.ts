import { NodesRepository } from '#libs/db';
import { Injectable } from '@nestjs/common';
import { ClusterAddons } from '../../addons/cluster-addons.js';
import { ReadyNodes } from '../nodes/ready-nodes.js';
import type { OperationContext, Step } from '../operation.js';
import { SERVICE } from '../service-scope.js';

/** As soon as the cluster's API answers: without a pod network no node becomes Ready. */
@Injectable()
export class AddonsStep implements Step {
  readonly name = 'addons';

  constructor(
    private readonly ready: ReadyNodes,
    private readonly nodes: NodesRepository,
    private readonly addons: ClusterAddons,
  ) {}

  async run(ctx: OperationContext): Promise<void> {
    await this.ready.answers(ctx, await this.nodes.ofCluster(SERVICE, ctx.cluster.uuid));
    await this.addons.bring(ctx);
  }
}
