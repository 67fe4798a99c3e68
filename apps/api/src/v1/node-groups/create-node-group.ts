import { randomUUID } from 'node:crypto';
import {
  assertChangeAllowed,
  assertNodeCounts,
  assertNodeLabels,
  assertNoMasterGroup,
  bootVolumeSizeGb,
  checkLabels,
  Conflict,
  driverFor,
  labelsOf,
  readNodeTaints,
  type RequestContext,
  type Taint,
} from '#libs/domain';
import { checkNodeVersion, installationOf, kubernetesVersionOf } from '#libs/bootstrap';
import type { Settings } from '#libs/config';
import {
  ClustersRepository,
  isUniqueViolation,
  NodeGroupsRepository,
  type ClusterEntity,
  type ClusterTemplateEntity,
  type NewNodeGroup,
  type NodeGroupEntity,
} from '#libs/db';
import { Inject, Injectable } from '@nestjs/common';
import { CloudChecks, inOrder } from '../../cloud/cloud-checks.js';
import { Policy } from '../../policy/policy.js';
import { scopeOf } from '../../policy/scope.js';
import { SETTINGS } from '../../tokens.js';
import { ChangeCluster } from '../clusters/change-cluster.js';
import { assertRoomForNodes, ClusterDrivers } from '../clusters/cluster-drivers.js';
import type { CreateNodeGroupBody } from './node-group.dto.js';

/** A group that was stored, and the cluster whose labels it is compared with. */
export interface WrittenGroup {
  readonly cluster: ClusterEntity;
  readonly row: NodeGroupEntity;
}

/**
 * Policy -> cluster -> its address -> name -> counts -> labels, taints -> role -> status -> cloud -> rows and operation.
 * Reference section 5.3. What may have changed meanwhile is looked at again under the lock.
 */
@Injectable()
export class CreateNodeGroup {
  constructor(
    private readonly policy: Policy,
    private readonly checks: CloudChecks,
    private readonly clusters: ClustersRepository,
    private readonly groups: NodeGroupsRepository,
    private readonly drivers: ClusterDrivers,
    private readonly changes: ChangeCluster,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  async run(ctx: RequestContext, clusterIdent: string, body: CreateNodeGroupBody): Promise<WrittenGroup> {
    this.policy.enforce(ctx, 'nodegroup:create');
    const scope = scopeOf(this.policy, ctx, 'cluster:update_all_projects');
    const cluster = await this.clusters.get(scope, clusterIdent);
    assertApiAddress(cluster);
    if (await this.groups.isNameTaken(scope, cluster.uuid, body.name)) throw nameTaken(cluster, body.name);
    const taints = readAttributes(body);
    assertChangeAllowed('node-group-create', cluster.status);
    const template = await this.drivers.templateOf(cluster);
    const group = newGroup(ctx.reservedUuid ?? randomUUID(), cluster, template, body, taints);
    await this.checkCloud(ctx, cluster, template, group);
    return { cluster, row: await this.store(ctx, cluster, template, group) };
  }

  private async store(
    ctx: RequestContext,
    seen: ClusterEntity,
    template: ClusterTemplateEntity,
    group: NewNodeGroup,
  ): Promise<NodeGroupEntity> {
    let stored: NodeGroupEntity | undefined;
    try {
      await this.changes.run(ctx, seen, async (tx, cluster, groups) => {
        assertChangeAllowed('node-group-create', cluster.status);
        assertRoomForNodes(cluster, template, [...groups, group]);
        stored = await this.groups.insert(tx, group);
        return {
          kind: 'node-group-create',
          request: { nodeGroupUuid: group.uuid },
          message: `making node group ${group.name} of cluster ${cluster.name} with ${group.nodeCount} nodes was asked for`,
        };
      });
    } catch (error) {
      if (isUniqueViolation(error)) throw nameTaken(seen, group.name);
      throw error;
    }
    if (!stored) throw new Error('a node group was accepted and not stored');
    return stored;
  }

  /** As for a new cluster: what it names must be there, and its Kubernetes must fit the control plane. */
  private async checkCloud(
    ctx: RequestContext,
    cluster: ClusterEntity,
    template: ClusterTemplateEntity,
    group: NewNodeGroup,
  ): Promise<void> {
    checkLabels(group.labels);
    const bootVolumeGb = bootVolumeSizeGb(group.labels, this.settings.DEFAULT_BOOT_VOLUME_SIZE);
    const image = this.checks.image(ctx, group.imageId ?? template.imageId);
    await inOrder(this.checks.flavor(ctx, 'flavor_id', group.flavorId, bootVolumeGb), image);
    const { os_distro: distro, kube_version: kubeVersion } = await image;
    driverFor({ serverType: template.serverType, distro, coe: template.coe });
    const imageProperties = typeof kubeVersion === 'string' ? { kube_version: kubeVersion } : {};
    const fallback = cluster.coeVersion ?? this.settings.DEFAULT_KUBE_TAG;
    const version = kubernetesVersionOf(imageProperties, group.labels, fallback);
    const { mirrors } = this.settings.NODE_SETTINGS ?? {};
    installationOf({ imageProperties: await image, labels: cluster.labels, version, mirrors });
    if (cluster.coeVersion !== null) checkNodeVersion(cluster.coeVersion, version, group.name);
  }
}

/** @throws Conflict, InvalidInput what the group itself says cannot be */
function readAttributes(body: CreateNodeGroupBody): Taint[] {
  const { name, node_count: nodeCount, min_node_count: minNodeCount, max_node_count: maxNodeCount } = body;
  const role = body.role ?? 'worker';
  assertNodeCounts(name, { nodeCount, minNodeCount, maxNodeCount });
  assertNodeLabels(name, role, body.node_labels);
  const taints = readNodeTaints(name, role, body.node_taints);
  assertNoMasterGroup(role);
  return taints;
}

function newGroup(
  uuid: string,
  cluster: ClusterEntity,
  template: ClusterTemplateEntity,
  body: CreateNodeGroupBody,
  nodeTaints: Taint[],
): NewNodeGroup {
  return {
    uuid,
    clusterUuid: cluster.uuid,
    projectId: cluster.projectId,
    name: body.name,
    role: body.role ?? 'worker',
    isDefault: false,
    flavorId: body.flavor_id ?? cluster.flavorId,
    imageId: body.image_id ?? template.imageId,
    dockerVolumeSize: body.docker_volume_size,
    labels: groupLabels(cluster, body),
    nodeCount: body.node_count,
    minNodeCount: body.min_node_count,
    maxNodeCount: body.max_node_count,
    nodeLabels: body.node_labels,
    nodeTaints,
    status: 'CREATE_IN_PROGRESS',
  };
}

/** Unlike a cluster's, a group's explicit `{}` stays empty. */
function groupLabels(cluster: ClusterEntity, body: CreateNodeGroupBody): Record<string, string> {
  if (body.labels === null) return { ...cluster.labels };
  const given = labelsOf(body.labels);
  return body.merge_labels ? { ...cluster.labels, ...given } : given;
}

function assertApiAddress(cluster: ClusterEntity): void {
  if (cluster.apiAddress !== null) return;
  throw new Conflict('no-api-address', 'Cluster API address is not available yet', { clusterUuid: cluster.uuid });
}

function nameTaken(cluster: ClusterEntity, name: string): Conflict {
  return new Conflict('node-group-name-taken', `A node group with name ${name} already exists in the cluster ${cluster.name}.`, {
    clusterUuid: cluster.uuid,
    nodeGroup: name,
  });
}
