import {
  checkNodeVersion,
  checkUpgradeTemplate,
  compareVersions,
  imageVersion,
  kubernetesVersionOf,
  minorsBetween,
  upgradeStages,
  type NodeImage,
} from '#libs/bootstrap';
import type { Settings } from '#libs/config';
import {
  ClusterWorkRepository,
  NodesRepository,
  OperationsRepository,
  type ClusterTemplateEntity,
  type NodeEntity,
  type NodeFacts,
  type NodeGroupEntity,
} from '#libs/db';
import type { CloudSession } from '#libs/openstack';
import { Inject, Injectable } from '@nestjs/common';
import { ClusterIdentity, ownerSession } from '../../cloud/cluster-identity.js';
import { SETTINGS } from '../../tokens.js';
import { isMaster } from '../cluster-plan.js';
import { nodeGroupGone } from '../group-request.js';
import { NodeChange } from '../nodes/node-change.js';
import type { OperationContext } from '../operation.js';
import { findImage } from '../resolve-cloud.js';
import { SERVICE } from '../service-scope.js';
import { groupsOf, storedTarget, upgradeRequest, type GroupTarget, type UpgradeTarget } from './upgrade-request.js';

interface Image {
  readonly id: string;
  readonly kubeVersion: string | null;
  readonly distro: string | null;
  readonly object: NodeImage;
}

/** Finds out which groups get which machines, and whether that may be. */
@Injectable()
export class ResolveUpgrade {
  constructor(
    private readonly identity: ClusterIdentity,
    private readonly clusters: ClusterWorkRepository,
    private readonly nodes: NodesRepository,
    private readonly operations: OperationsRepository,
    private readonly change: NodeChange,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** @throws InvalidInput a step back, a minor left out, nodes too far apart; OperationFailure something is not there any more */
  async run(ctx: OperationContext): Promise<void> {
    if (storedTarget(ctx)) return;
    const { cluster, operation } = ctx;
    const request = upgradeRequest(operation);
    const [groups, rows, current, next] = await Promise.all([
      this.clusters.groups(SERVICE, cluster.uuid),
      this.nodes.ofCluster(SERVICE, cluster.uuid),
      this.clusters.template(cluster),
      this.clusters.template({ clusterTemplateUuid: request.clusterTemplateUuid }),
    ]);
    const asked = groups.find((group) => group.uuid === request.nodeGroupUuid);
    if (!asked) throw nodeGroupGone(request.nodeGroupUuid);
    checkUpgradeTemplate(cluster, current, next);
    await this.change.resolve(
      ctx,
      groups.map((group) => group.uuid),
    );
    const cloud = await ownerSession(this.identity, ctx);
    const image = await this.image(cloud, next.imageId);
    const version = kubernetesVersionOf({ kube_version: image.kubeVersion }, next.labels, this.settings.DEFAULT_KUBE_TAG);
    const whole = asked.isDefault;
    const chosen = groupsToUpgrade(groups, asked);
    const targets = await Promise.all(chosen.map((group) => this.target(ctx, group, { version, image, current, next, whole })));
    const masters = groups.filter(isMaster).map((group) => group.uuid);
    const controlPlane = targets.find(({ uuid }) => masters.includes(uuid)) ?? null;
    const { oldest, newest } = controlPlaneVersions(groups, rows);
    const target: UpgradeTarget = {
      version,
      tagged: 'kube_tag' in next.labels,
      controlPlane,
      stages: controlPlane ? await this.stages(cloud, oldest, image, controlPlane) : [],
      workers: targets.filter(({ uuid }) => !masters.includes(uuid)),
    };
    check(target, groups, newest);
    await ctx.write(async (tx) => {
      // Nodes that took what their group says keep it, whatever the group says from now on.
      for (const { uuid, nodeFacts } of groups) if (nodeFacts) await this.nodes.fixFacts(tx, uuid, nodeFacts);
      await this.operations.addToRequest(tx, operation.uuid, { upgrade: target });
    });
    operation.request = { ...operation.request, upgrade: target };
  }

  private async target(ctx: OperationContext, group: NodeGroupEntity, to: Wanted): Promise<GroupTarget> {
    const { uuid, name, nodeFacts } = group;
    if (!nodeFacts) throw new Error(`nothing is known of node group ${name}`);
    const wanted = await this.change.wantedCount(ctx, group);
    const follows =
      !to.whole || group.imageId === null || group.imageId === to.current.imageId || group.imageId === to.next.imageId;
    if (follows) return { uuid, name, wanted, imageId: to.next.imageId, facts: factsWith(nodeFacts, to.image, to.version) };
    // An image of its own: a stock one takes any version, a prebuilt one has its own.
    const own = { id: nodeFacts.imageId, kubeVersion: nodeFacts.imageKubeVersion, distro: nodeFacts.imageDistro ?? null };
    return { uuid, name, wanted, imageId: null, facts: factsWith(nodeFacts, own, own.kubeVersion ?? to.version) };
  }

  private async image(cloud: CloudSession, name: string): Promise<Image> {
    const found = await findImage(cloud, name);
    return { id: found.id, kubeVersion: imageVersion(found), distro: found.os_distro ?? null, object: found };
  }

  /** @throws InvalidInput a step back, a minor between without an image */
  private async stages(cloud: CloudSession, from: string, image: Image, { facts }: GroupTarget): Promise<NodeFacts[]> {
    const to = facts.kubernetesVersion;
    const distro = image.object.os_distro;
    const others =
      minorsBetween(from, to).length > 0 && typeof distro === 'string'
        ? await cloud.image.images.list({ os_distro: distro })
        : [];
    return upgradeStages(from, to, image.object, others).map(({ version, imageId, imageKubeVersion }) => ({
      ...facts,
      imageId,
      imageKubeVersion,
      kubernetesVersion: version,
    }));
  }
}

/** A default group brings all others along, but those whose deletion has failed: their stacks take nothing new any more. */
export function groupsToUpgrade<G extends Pick<NodeGroupEntity, 'isDefault' | 'status'>>(groups: readonly G[], asked: G): G[] {
  return asked.isDefault ? groups.filter(({ status }) => !status.startsWith('DELETE_')) : [asked];
}

interface Wanted {
  readonly version: string;
  readonly image: Image;
  readonly current: ClusterTemplateEntity;
  readonly next: ClusterTemplateEntity;
  /** The whole cluster follows its template; a single group is brought to it whatever it has. */
  readonly whole: boolean;
}

function factsWith(before: NodeFacts, image: Omit<Image, 'object'>, kubernetesVersion: string): NodeFacts {
  return { ...before, imageId: image.id, imageKubeVersion: image.kubeVersion, imageDistro: image.distro, kubernetesVersion };
}

/**
 * Of the masters that stand. An upgrade that stopped half-way has some of the new version already: it goes on, or back while one
 * of the old ones stands. Back from further than that neither kubeadm nor etcd can go.
 */
function controlPlaneVersions(
  groups: readonly NodeGroupEntity[],
  rows: readonly NodeEntity[],
): { readonly oldest: string; readonly newest: string } {
  const masters = rows.filter((node) => node.role === 'master' && node.joinedAt !== null);
  const standing = masters.filter((node) => node.leavingSince === null);
  const versions = (standing.length > 0 ? standing : masters)
    .flatMap((node) => node.facts?.kubernetesVersion ?? [])
    .toSorted(compareVersions);
  const known = groups.find(isMaster)?.nodeFacts?.kubernetesVersion;
  const [oldest, newest] = [versions[0] ?? known, versions.at(-1) ?? known];
  if (oldest === undefined || newest === undefined) throw new Error('nothing is known of the control plane');
  return { oldest, newest };
}

/** Nodes must not be newer than their control plane, nor too far behind it. */
function check(target: UpgradeTarget, groups: readonly NodeGroupEntity[], newest: string): void {
  const controlPlane = target.controlPlane ? target.version : newest;
  const targets = new Map(groupsOf(target).map((one) => [one.uuid, one.facts.kubernetesVersion]));
  for (const group of groups.filter((one) => !isMaster(one))) {
    const version = targets.get(group.uuid) ?? group.nodeFacts?.kubernetesVersion;
    if (version !== undefined) checkNodeVersion(controlPlane, version, group.name);
    // Its old nodes live on under the new control plane until their turn comes.
    if (group.nodeFacts) checkNodeVersion(controlPlane, group.nodeFacts.kubernetesVersion, group.name);
  }
}
