import { assertChangeAllowed, InvalidInput, type RequestContext } from '#libs/domain';
import { ClustersRepository, NodeGroupsRepository } from '#libs/db';
import { Injectable } from '@nestjs/common';
import { Policy } from '../../policy/policy.js';
import { scopeOf } from '../../policy/scope.js';
import { ChangeCluster } from '../clusters/change-cluster.js';

/** May be asked again while it goes on, also when the whole cluster is going. */
@Injectable()
export class DeleteNodeGroup {
  constructor(
    private readonly policy: Policy,
    private readonly clusters: ClustersRepository,
    private readonly groups: NodeGroupsRepository,
    private readonly changes: ChangeCluster,
  ) {}

  async run(ctx: RequestContext, clusterIdent: string, ident: string): Promise<void> {
    this.policy.enforce(ctx, 'nodegroup:delete');
    const scope = scopeOf(this.policy, ctx, 'cluster:update_all_projects');
    const cluster = await this.clusters.get(scope, clusterIdent);
    const seen = await this.groups.get(scope, cluster.uuid, ident);
    if (seen.isDefault) {
      throw new InvalidInput('default-node-group', 'Deleting a default nodegroup is not supported.', { nodeGroup: seen.name });
    }
    await this.changes.run(ctx, cluster, async (tx, locked, groups) => {
      const group = groups.find((one) => one.uuid === seen.uuid);
      if (!group || group.status === 'DELETE_IN_PROGRESS') return null;
      assertChangeAllowed('node-group-delete', locked.status);
      await this.groups.change(tx, group.uuid, { status: 'DELETE_IN_PROGRESS', statusReason: null });
      return {
        kind: 'node-group-delete',
        request: { nodeGroupUuid: group.uuid },
        message: `deleting node group ${group.name} of cluster ${locked.name} was asked for`,
      };
    });
  }
}
