import {
  assertChangeAllowed,
  assertGroupStays,
  assertNodeCounts,
  assertNodeLabels,
  InvalidInput,
  readNodeTaints,
  type RawTaint,
  type RequestContext,
} from '#libs/domain';
import { ClustersRepository, NodeGroupsRepository, type NodeGroupChanges, type NodeGroupEntity } from '#libs/db';
import { Injectable } from '@nestjs/common';
import { applyPatch, type PatchOperation } from '../../http/json-patch.js';
import { Policy } from '../../policy/policy.js';
import { scopeOf } from '../../policy/scope.js';
import { ChangeCluster, lockedGroup } from '../clusters/change-cluster.js';
import type { WrittenGroup } from './create-node-group.js';
import { NODE_GROUP_FIELDS } from './node-group.dto.js';

/** Source: magnum/api/controllers/v1/nodegroup.py (NodeGroupPatchType); reference section 6. */
const RULES = {
  internal: [
    ...['created_at', 'updated_at', 'id', 'links', 'uuid', 'project_id', 'user_id'],
    ...['name', 'cluster_id', 'docker_volume_size', 'labels', 'flavor_id', 'image_id', 'node_addresses', 'node_count', 'role'],
    ...['is_default', 'stack_id', 'status', 'status_reason', 'version'],
  ],
  mandatory: [],
  literals: ['node_labels', 'node_taints'],
};

/** Policy -> cluster -> group -> lock -> patch -> counts -> labels, taints -> status -> rows and operation. Reference sections 5.3, 6. */
@Injectable()
export class UpdateNodeGroup {
  constructor(
    private readonly policy: Policy,
    private readonly clusters: ClustersRepository,
    private readonly groups: NodeGroupsRepository,
    private readonly changes: ChangeCluster,
  ) {}

  /** The new limits hold when it has answered, also for a resize that comes at once. */
  async run(ctx: RequestContext, clusterIdent: string, ident: string, patch: readonly PatchOperation[]): Promise<WrittenGroup> {
    this.policy.enforce(ctx, 'nodegroup:update');
    const scope = scopeOf(this.policy, ctx, 'cluster:update_all_projects');
    const cluster = await this.clusters.get(scope, clusterIdent);
    const seen = await this.groups.get(scope, cluster.uuid, ident);
    let row = seen;
    await this.changes.run(ctx, cluster, async (tx, locked, groups) => {
      const group = lockedGroup(groups, seen);
      const changed = readChanges(group, patch);
      assertChangeAllowed('node-group-update', locked.status);
      assertGroupStays('Updating', group.status);
      row = await this.groups.change(tx, group.uuid, { ...changed, status: 'UPDATE_IN_PROGRESS', statusReason: null });
      return {
        kind: 'node-group-update',
        request: {
          nodeGroupUuid: group.uuid,
          previousNodeLabels: group.nodeLabels,
          previousNodeTaints: group.nodeTaints,
        },
        message: `changing node group ${group.name} of cluster ${locked.name} was asked for`,
      };
    });
    return { cluster, row };
  }
}

/** @throws InvalidInput, Conflict */
function readChanges(group: NodeGroupEntity, patch: readonly PatchOperation[]): NodeGroupChanges {
  const touched = applyPatch(
    {
      min_node_count: group.minNodeCount,
      max_node_count: group.maxNodeCount,
      // Nothing yet, so that `add` is taken.
      node_labels: Object.keys(group.nodeLabels).length === 0 ? null : group.nodeLabels,
      node_taints: group.nodeTaints.length === 0 ? null : group.nodeTaints,
    },
    patch,
    RULES,
  );
  const field = <N extends keyof typeof NODE_GROUP_FIELDS>(name: N): unknown => {
    const result = NODE_GROUP_FIELDS[name].safeParse(touched.get(name));
    if (result.success) return result.data;
    throw new InvalidInput(
      'invalid-input',
      `Invalid input for field/attribute ${name}. ${result.error.issues[0]?.message ?? ''}`,
      { field: name },
    );
  };
  const changed: NodeGroupChanges = {};
  if (touched.has('min_node_count')) changed.minNodeCount = field('min_node_count') as number;
  if (touched.has('max_node_count')) changed.maxNodeCount = field('max_node_count') as number | null;
  if (touched.has('node_labels')) changed.nodeLabels = field('node_labels') as Record<string, string>;
  const taints = touched.has('node_taints') ? (field('node_taints') as RawTaint[]) : null;
  const { minNodeCount = group.minNodeCount, maxNodeCount = group.maxNodeCount } = changed;
  assertNodeCounts(group.name, { nodeCount: group.nodeCount, minNodeCount, maxNodeCount });
  if (changed.nodeLabels) assertNodeLabels(group.name, group.role, changed.nodeLabels);
  if (taints) changed.nodeTaints = readNodeTaints(group.name, group.role, taints);
  return changed;
}
