import {
  assertChangeAllowed,
  assertGroupStays,
  Conflict,
  driverFor,
  InvalidInput,
  Microversion,
  NotFound,
  type RequestContext,
} from '#libs/domain';
import {
  checkNodeVersion,
  checkUpgradeTemplate,
  installationOf,
  kubernetesVersionOf,
  minorsBetween,
  upgradeStages,
} from '#libs/bootstrap';
import type { Settings } from '#libs/config';
import {
  ClustersRepository,
  ClusterTemplatesRepository,
  NodeGroupsRepository,
  type ClusterEntity,
  type ClusterTemplateEntity,
  type NodeGroupEntity,
} from '#libs/db';
import { Inject, Injectable } from '@nestjs/common';
import { CloudChecks } from '../../cloud/cloud-checks.js';
import { Policy } from '../../policy/policy.js';
import { scopeOf } from '../../policy/scope.js';
import { SETTINGS } from '../../tokens.js';
import { ChangeCluster, defaultWorkers, lockedGroup } from './change-cluster.js';
import { ClusterDrivers, driverName } from './cluster-drivers.js';
import type { UpgradeBody } from './cluster.dto.js';

const SINCE = Microversion.of('1.8');

/**
 * Body -> version -> lookup -> policy -> template -> group -> status -> driver -> versions and cloud -> rows and operation.
 * Reference section 7.2.
 */
@Injectable()
export class UpgradeCluster {
  constructor(
    private readonly policy: Policy,
    private readonly checks: CloudChecks,
    private readonly clusters: ClustersRepository,
    private readonly groups: NodeGroupsRepository,
    private readonly templates: ClusterTemplatesRepository,
    private readonly drivers: ClusterDrivers,
    private readonly changes: ChangeCluster,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** @returns the cluster's uuid; statuses and operation are stored */
  async run(ctx: RequestContext, version: Microversion, ident: string, body: UpgradeBody): Promise<string> {
    if (!version.atLeast(SINCE)) {
      throw new InvalidInput('no-upgrade', 'Cluster upgrade is not supported in the provided microversion.');
    }
    const scope = scopeOf(this.policy, ctx, 'cluster:upgrade_all_projects');
    const cluster = await this.clusters.get(scope, ident);
    this.policy.enforce(ctx, 'cluster:upgrade', cluster);
    const seesTemplates = scopeOf(this.policy, ctx, 'clustertemplate:get_one_all_projects');
    const next = await this.templates.get(seesTemplates, body.cluster_template);
    const current = await this.drivers.templateOf(cluster);
    const named = body.nodegroup === null ? null : await this.groups.get(scope, cluster.uuid, body.nodegroup);
    assertFollows(current, next, named);
    assertChangeAllowed('upgrade', cluster.status);
    const { to, stages } = await this.check(ctx, cluster, named, current, next);
    await this.store(ctx, cluster, named, { next, to, stages, maxBatchSize: body.max_batch_size });
    return cluster.uuid;
  }

  private async store(
    ctx: RequestContext,
    seen: ClusterEntity,
    named: NodeGroupEntity | null,
    { next, to, stages, maxBatchSize }: Wanted,
  ): Promise<void> {
    await this.changes.run(ctx, seen, async (tx, cluster, groups) => {
      assertChangeAllowed('upgrade', cluster.status);
      const group = named === null ? defaultWorkers(groups) : lockedGroup(groups, named);
      assertGroupStays('Upgrading', group.status);
      if (!(await this.templates.lock(tx, next.uuid))) throw templateGone(next);
      await this.groups.change(tx, group.uuid, { status: 'UPDATE_IN_PROGRESS', statusReason: null });
      const upgraded = group.isDefault ? groups : [group];
      if (group.isDefault) assertNotLeftBehind(groups, to);
      return {
        kind: 'upgrade',
        request: {
          nodeGroupUuid: group.uuid,
          clusterTemplateUuid: next.uuid,
          previousClusterTemplateUuid: cluster.clusterTemplateUuid,
          maxBatchSize,
        },
        rounds: upgraded.reduce((sum, one) => sum + batches(one, maxBatchSize, stages), 0) || 1,
        message: `upgrading cluster ${cluster.name} to cluster template ${next.name} was asked for`,
      };
    });
  }

  /**
   * @returns the Kubernetes version to go to, and how many the control plane passes through on the way
   * @throws InvalidInput the driver cannot, or the two templates or their versions are too far apart
   */
  private async check(
    ctx: RequestContext,
    cluster: ClusterEntity,
    named: NodeGroupEntity | null,
    current: ClusterTemplateEntity,
    next: ClusterTemplateEntity,
  ): Promise<{ to: string; stages: number }> {
    const driver = driverName(current);
    if (!this.drivers.featuresOf(current).upgrade) {
      throw new InvalidInput('upgrade-unsupported', `Upgrading a cluster that uses the ${driver} driver is not supported.`, {
        driver,
      });
    }
    checkUpgradeTemplate(cluster, current, next);
    const image = await this.checks.image(ctx, next.imageId);
    driverFor({ serverType: next.serverType, distro: image.os_distro, coe: next.coe }, driver);
    const { kube_version: kubeVersion } = image;
    const imageProperties = typeof kubeVersion === 'string' ? { kube_version: kubeVersion } : {};
    const to = kubernetesVersionOf(imageProperties, next.labels, this.settings.DEFAULT_KUBE_TAG, new Date());
    const { mirrors } = this.settings.NODE_SETTINGS ?? {};
    installationOf({ imageProperties: image, labels: cluster.labels, version: to, mirrors });
    const from = cluster.coeVersion;
    if (from === null) return { to, stages: 0 };
    if (named !== null && !named.isDefault) {
      checkNodeVersion(from, to, named.name);
      return { to, stages: 0 };
    }
    const others = minorsBetween(from, to).length > 0 ? await this.checks.imagesOf(ctx, image.os_distro) : [];
    return { to, stages: upgradeStages(from, to, image, others).length };
  }
}

interface Wanted {
  readonly next: ClusterTemplateEntity;
  /** Kubernetes, `v1.36.4` */
  readonly to: string;
  /** Versions between that the control plane passes through. */
  readonly stages: number;
  readonly maxBatchSize: number;
}

/** Masters go one by one, for each version anew. */
const batches = ({ role, nodeCount }: NodeGroupEntity, maxBatchSize: number, stages: number): number =>
  role === 'master' ? nodeCount * (stages + 1) : Math.ceil(nodeCount / maxBatchSize);

/** @throws InvalidInput old nodes live on under the new control plane until their turn comes: they must not be too old */
function assertNotLeftBehind(groups: readonly NodeGroupEntity[], to: string): void {
  for (const { role, name, nodeFacts } of groups) {
    if (role !== 'master' && nodeFacts) checkNodeVersion(to, nodeFacts.kubernetesVersion, name);
  }
}

/** @throws Conflict only the default groups lead a cluster to another template */
function assertFollows(current: ClusterTemplateEntity, next: ClusterTemplateEntity, named: NodeGroupEntity | null): void {
  if (named === null || named.isDefault || next.uuid === current.uuid) return;
  throw new Conflict(
    'foreign-upgrade-template',
    `Cluster Template is not valid for upgrade: Nodegroup ${named.name} can be upgraded only to match cluster's template (${current.name}).`,
    { nodeGroup: named.name, clusterTemplateUuid: next.uuid },
  );
}

function templateGone(template: ClusterTemplateEntity): NotFound {
  return new NotFound('cluster-template-not-found', `ClusterTemplate ${template.uuid} could not be found.`, {
    clusterTemplate: template.uuid,
  });
}
