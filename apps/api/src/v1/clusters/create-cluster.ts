import { randomUUID } from 'node:crypto';
import {
  assertDockerVolume,
  assertMastersReachable,
  assertOddMasters,
  assertRoomForCluster,
  bootVolumeSizeGb,
  checkLabels,
  defaultNodeGroups,
  driverFor,
  Forbidden,
  generateName,
  InvalidInput,
  isNotFound,
  labelsOf,
  Microversion,
  NotFound,
  resolveCluster,
  type ClusterRequest,
  type ClusterStatus,
  type DefaultNodeGroup,
  type ClusterSpecification,
  type RequestContext,
} from '#libs/domain';
import { checkNodeTexts, installationOf, kubernetesVersionOf, networkPlan } from '#libs/bootstrap';
import type { Settings } from '#libs/config';
import {
  ClusterCreationRepository,
  ClusterTemplatesRepository,
  isForeignKeyViolation,
  isUniqueViolation,
  QuotasRepository,
  type ClusterTemplateEntity,
  type NewCluster,
  type NewNodeGroup,
} from '#libs/db';
import type { Image } from '#libs/openstack';
import { Inject, Injectable } from '@nestjs/common';
import { CloudChecks, inOrder } from '../../cloud/cloud-checks.js';
import { Policy } from '../../policy/policy.js';
import { scopeOf } from '../../policy/scope.js';
import { SETTINGS } from '../../tokens.js';
import type { CreateClusterBody } from './cluster.dto.js';
import { Operations } from './operations.js';
import { assertZeroNodesKnown } from './zero-nodes.js';

const UNKNOWN_TEMPLATE_IS_404_SINCE = Microversion.of('1.10');
const STATUS: ClusterStatus = 'CREATE_IN_PROGRESS';

/**
 * Body -> template -> type -> sizes -> policy -> quota -> hidden -> cloud -> masters -> rows -> wake-up.
 * Reference section 8.4. Nothing is written before the last check has passed.
 */
@Injectable()
export class CreateCluster {
  constructor(
    private readonly policy: Policy,
    private readonly checks: CloudChecks,
    private readonly templates: ClusterTemplatesRepository,
    private readonly creation: ClusterCreationRepository,
    private readonly quotas: QuotasRepository,
    private readonly operations: Operations,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** @returns the new cluster's uuid; its row, its groups and its operation are stored */
  async run(ctx: RequestContext, version: Microversion, body: CreateClusterBody): Promise<string> {
    assertZeroNodesKnown(version, body.node_count);
    const template = await this.findTemplate(ctx, version, body.cluster_template_id);
    const request = requestOf(body);
    const spec = resolveCluster(template, request);
    driverFor({ serverType: template.serverType, distro: template.clusterDistro ?? '', coe: template.coe });
    assertDockerVolume(template.dockerStorageDriver, spec.dockerVolumeSize);
    assertOddMasters(request.masterCount);
    this.policy.enforce(ctx, 'cluster:create');
    try {
      await this.check(ctx, template, request, spec);
    } catch (error) {
      // The quota comes before these; where nothing is wrong with them the insert looks at it, under its lock.
      await this.checkQuota(ctx);
      throw error;
    }
    return this.store(ctx, template, request, spec);
  }

  private async checkQuota(ctx: RequestContext): Promise<void> {
    const projectId = ctx.projectId ?? '';
    const { used, limit } = await this.quotas.use(projectId, this.settings.MAX_CLUSTERS_PER_PROJECT);
    assertRoomForCluster(projectId, used, limit);
  }

  private async check(
    ctx: RequestContext,
    template: ClusterTemplateEntity,
    request: ClusterRequest,
    spec: ClusterSpecification,
  ): Promise<void> {
    if (template.hidden && !ctx.isAdmin)
      throw new Forbidden('hidden-template', 'Not authorized.', { clusterTemplateUuid: template.uuid });
    checkLabels(spec.labels);
    const image = await this.checkCloud(ctx, template, spec);
    assertMastersReachable(request.masterCount, spec.masterLbEnabled);
    this.checkPlan(template, request, spec, image);
  }

  private async findTemplate(ctx: RequestContext, version: Microversion, ident: string): Promise<ClusterTemplateEntity> {
    const scope = scopeOf(this.policy, ctx, 'clustertemplate:get_one_all_projects');
    try {
      return await this.templates.getForUse(scope, ident);
    } catch (error) {
      if (!isNotFound(error) || version.atLeast(UNKNOWN_TEMPLATE_IS_404_SINCE)) throw error;
      throw new InvalidInput('cluster-template-not-found', (error as Error).message, {
        field: 'cluster_template_id',
        value: ident,
      });
    }
  }

  private async checkCloud(ctx: RequestContext, template: ClusterTemplateEntity, spec: ClusterSpecification): Promise<Image> {
    const image = this.checks.image(ctx, template.imageId);
    const bootVolumeGb = bootVolumeSizeGb(spec.labels, this.settings.DEFAULT_BOOT_VOLUME_SIZE);
    await inOrder(
      image,
      this.checks.flavor(ctx, 'flavor_id', spec.flavorId, bootVolumeGb),
      this.checks.flavor(ctx, 'master_flavor_id', spec.masterFlavorId, bootVolumeGb),
      this.checks.externalNetwork(ctx, template.externalNetworkId),
      this.checks.fixedNetwork(ctx, spec.fixedNetwork),
      this.checks.fixedSubnet(ctx, spec.fixedSubnet),
      this.checks.keypair(ctx, spec.keypair),
    );
    return image;
  }

  /**
   * The Kubernetes version, how it gets onto the image, what nodes are told, and the address ranges: all that would else fail
   * when half is made.
   * @throws InvalidInput
   */
  private checkPlan(template: ClusterTemplateEntity, request: ClusterRequest, spec: ClusterSpecification, image: Image): void {
    const { kube_version: kubeVersion } = image;
    const imageProperties = typeof kubeVersion === 'string' ? { kube_version: kubeVersion } : {};
    const version = kubernetesVersionOf(imageProperties, spec.labels, this.settings.DEFAULT_KUBE_TAG, new Date());
    checkNodeTexts(template);
    installationOf({ imageProperties: image, labels: spec.labels, version, mirrors: this.settings.NODE_SETTINGS?.mirrors });
    if (spec.fixedNetwork === null && spec.fixedSubnet === null) {
      const nodeCount = request.masterCount + request.nodeCount;
      networkPlan({ labels: spec.labels, networkDriver: template.networkDriver, existingCidr: null, nodeCount });
    }
  }

  private async store(
    ctx: RequestContext,
    template: ClusterTemplateEntity,
    request: ClusterRequest,
    spec: ClusterSpecification,
  ): Promise<string> {
    const uuid = ctx.reservedUuid ?? randomUUID();
    const projectId = ctx.projectId ?? '';
    const cluster = {
      ...spec,
      uuid,
      projectId,
      userId: ctx.userId,
      name: request.name ?? generateName('cluster'),
      status: STATUS,
    };
    const operation = this.operations.prepare(ctx, cluster, 'create', {
      deadlineMinutes: spec.createTimeout || this.settings.DEFAULT_CREATE_TIMEOUT_MINUTES,
    });
    const birth = {
      cluster,
      groups: newGroups(cluster, defaultNodeGroups(spec, template.imageId, request)),
      operation,
      ...this.operations.companions(ctx, operation, `creating cluster ${cluster.name} was asked for`),
    };
    try {
      const { used, limit } = await this.creation.insert(birth, this.settings.MAX_CLUSTERS_PER_PROJECT);
      assertRoomForCluster(projectId, used, limit);
    } catch (error) {
      // Another run of this very request has made it.
      if (isUniqueViolation(error) && ctx.reservedUuid !== undefined) return uuid;
      if (isForeignKeyViolation(error)) {
        throw new NotFound('cluster-template-not-found', `ClusterTemplate ${template.uuid} could not be found.`);
      }
      throw error;
    }
    this.operations.wake(operation);
    return uuid;
  }
}

function newGroups(cluster: NewCluster, groups: readonly DefaultNodeGroup[]): NewNodeGroup[] {
  return groups.map((group) => ({
    ...group,
    uuid: randomUUID(),
    clusterUuid: cluster.uuid,
    projectId: cluster.projectId,
    isDefault: true,
    maxNodeCount: null,
    nodeLabels: {},
    nodeTaints: [],
    status: cluster.status,
  }));
}

function requestOf(body: CreateClusterBody): ClusterRequest {
  return {
    name: body.name,
    keypair: body.keypair,
    nodeCount: body.node_count,
    masterCount: body.master_count,
    dockerVolumeSize: body.docker_volume_size,
    labels: body.labels === null ? null : labelsOf(body.labels),
    mergeLabels: body.merge_labels,
    masterFlavorId: body.master_flavor_id,
    flavorId: body.flavor_id,
    createTimeout: body.create_timeout,
    discoveryUrl: body.discovery_url,
    fixedNetwork: body.fixed_network,
    fixedSubnet: body.fixed_subnet,
    floatingIpEnabled: body.floating_ip_enabled,
    masterLbEnabled: body.master_lb_enabled,
  };
}
