import { NodesRepository, OperationsRepository, StacksRepository } from '#libs/db';
import { OperationFailure } from '#libs/domain';
import { Injectable } from '@nestjs/common';
import { ClusterKube } from '../../kubernetes/cluster-kube.js';
import { assertHolder, type OperationContext } from '../operation.js';
import { SERVICE } from '../service-scope.js';
import { drainingOf, ownNodes } from './own-nodes.js';

const CERTIFICATE_MINUTES = 5;

/**
 * Nodes that a failed operation was about to take away, and that Kubernetes still has, take pods again. Those whose Node
 * object has gone cannot come back, and neither can any once the stack has begun to lose them: they stay on their way out.
 */
@Injectable()
export class TakeBack {
  constructor(
    private readonly kube: ClusterKube,
    private readonly nodes: NodesRepository,
    private readonly stacks: StacksRepository,
    private readonly operations: OperationsRepository,
  ) {}

  /** Before the operation fails; what came back is noted in its request, for `untouchedNodes`. */
  async run(ctx: OperationContext): Promise<void> {
    const draining = new Set(drainingOf(ctx));
    const own = ownNodes(ctx).leaving.filter((uuid) => draining.has(uuid));
    if (own.length === 0) return;
    const whole = await this.groupsWhole(ctx);
    const rows = (await this.nodes.ofCluster(SERVICE, ctx.cluster.uuid)).filter(
      (node) => own.includes(node.uuid) && node.readyAt !== null && whole.has(node.nodeGroupUuid),
    );
    if (rows.length === 0) return;
    const client = await this.kube.connect(ctx.cluster, CERTIFICATE_MINUTES).catch((error: unknown) => {
      if (error instanceof OperationFailure) return null;
      throw error;
    });
    if (!client) return;
    const returned: string[] = [];
    try {
      const present = new Set((await client.nodes({ signal: ctx.signal })).map((state) => state.name));
      for (const { uuid, name } of rows.filter((node) => present.has(node.name))) {
        await assertHolder(ctx);
        await client.uncordon(name, { signal: ctx.signal });
        returned.push(uuid);
      }
    } finally {
      await client.close();
      if (returned.length > 0) {
        await ctx.write((tx) => this.operations.addToRequest(tx, ctx.operation.uuid, { returned }));
        ctx.operation.request = { ...ctx.operation.request, returned };
      }
    }
  }

  /** Node groups from whose stack nothing is being removed. */
  private async groupsWhole(ctx: OperationContext): Promise<Set<string>> {
    const stacks = await this.stacks.listOfCluster(SERVICE, ctx.cluster.uuid);
    return new Set(stacks.filter(({ status }) => status === 'COMPLETE').flatMap(({ nodeGroupUuid }) => nodeGroupUuid ?? []));
  }
}
