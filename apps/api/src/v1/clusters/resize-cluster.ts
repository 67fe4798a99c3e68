import {
  assertChangeAllowed,
  assertGroupStays,
  assertMastersReachable,
  assertOddMasters,
  assertWithinLimits,
  InvalidInput,
  type Microversion,
  type RequestContext,
} from '#libs/domain';
import { ClustersRepository, NodeGroupsRepository, type ClusterEntity, type NodeGroupEntity } from '#libs/db';
import { Injectable } from '@nestjs/common';
import { Policy } from '../../policy/policy.js';
import { scopeOf } from '../../policy/scope.js';
import { ChangeCluster, defaultWorkers, lockedGroup, withCount } from './change-cluster.js';
import { assertRoomForNodes, ClusterDrivers } from './cluster-drivers.js';
import type { ResizeBody } from './cluster.dto.js';
import { assertZeroNodesKnown } from './zero-nodes.js';

/** Body -> lookup -> policy -> group -> limits -> status -> rows and operation. Reference section 7.1. */
@Injectable()
export class ResizeCluster {
  constructor(
    private readonly policy: Policy,
    private readonly clusters: ClustersRepository,
    private readonly groups: NodeGroupsRepository,
    private readonly drivers: ClusterDrivers,
    private readonly changes: ChangeCluster,
  ) {}

  /** @returns the cluster's uuid; the new count and its operation are stored */
  async run(ctx: RequestContext, version: Microversion, ident: string, body: ResizeBody): Promise<string> {
    const { node_count: nodeCount, nodegroup, nodes_to_remove: nodesToRemove } = body;
    assertZeroNodesKnown(version, nodeCount);
    const scope = scopeOf(this.policy, ctx, 'cluster:update_all_projects');
    const row = await this.clusters.get(scope, ident);
    this.policy.enforce(ctx, 'cluster:resize', row);
    const named = nodegroup === null ? null : await this.groups.get(scope, row.uuid, nodegroup);
    const template = await this.drivers.templateOf(row);
    await this.changes.run(ctx, row, async (tx, cluster, groups) => {
      const group = named === null ? defaultWorkers(groups) : lockedGroup(groups, named);
      if (group.role === 'master') assertMasters(cluster, nodeCount, this.drivers.featuresOf(template).resizeMasters);
      else assertWithinLimits(group.name, nodeCount, group.minNodeCount, group.maxNodeCount);
      assertChangeAllowed('resize', cluster.status);
      assertGroupStays('Resizing', group.status);
      assertRoomForNodes(cluster, template, withCount(groups, group, nodeCount));
      await this.groups.change(tx, group.uuid, { nodeCount, status: 'UPDATE_IN_PROGRESS', statusReason: null });
      return {
        kind: 'resize',
        request: { nodeGroupUuid: group.uuid, nodeCount, previousNodeCount: group.nodeCount, nodesToRemove },
        message: words(cluster, group, nodeCount),
      };
    });
    return row.uuid;
  }
}

function assertMasters(cluster: ClusterEntity, nodeCount: number, supported: boolean): void {
  if (!supported) {
    throw new InvalidInput('master-resize', 'Resizing the master nodegroup is not supported by this driver.', {
      clusterUuid: cluster.uuid,
    });
  }
  assertOddMasters(nodeCount);
  assertMastersReachable(nodeCount, cluster.masterLbEnabled);
}

const words = (cluster: ClusterEntity, group: NodeGroupEntity, nodeCount: number): string =>
  `resizing node group ${group.name} of cluster ${cluster.name} from ${group.nodeCount} to ${nodeCount} was asked for`;
