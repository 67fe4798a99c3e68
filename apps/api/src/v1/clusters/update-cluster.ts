import { isDeepStrictEqual } from 'node:util';
import {
  assertChangeAllowed,
  assertGroupStays,
  assertHealthKept,
  bootVolumeSizeGb,
  InvalidInput,
  labelsOf,
  Microversion,
  type LabelValue,
  type RequestContext,
} from '#libs/domain';
import type { Settings } from '#libs/config';
import { ClustersRepository, NodeGroupsRepository, type ClusterChanges, type ClusterEntity } from '#libs/db';
import { Inject, Injectable } from '@nestjs/common';
import { CloudChecks, inOrder } from '../../cloud/cloud-checks.js';
import { applyPatch, type PatchOperation } from '../../http/json-patch.js';
import { textMap } from '../../http/wire.js';
import { Policy } from '../../policy/policy.js';
import { scopeOf } from '../../policy/scope.js';
import { SETTINGS } from '../../tokens.js';
import { ChangeCluster, defaultWorkers, withCount } from './change-cluster.js';
import { assertRoomForNodes, ClusterDrivers } from './cluster-drivers.js';
import { CLUSTER_FIELDS } from './cluster.dto.js';
import { wireAttributes } from './cluster.view.js';
import { assertZeroNodesKnown } from './zero-nodes.js';

const ROLLBACK_SINCE = Microversion.of('1.3');

/** Source: magnum/api/controllers/v1/cluster.py (ClusterPatchType), types.py; reference section 6. */
const RULES = {
  internal: [
    ...['created_at', 'updated_at', 'id', 'links', 'uuid', 'project_id', 'user_id'],
    ...['api_address', 'node_addresses', 'master_addresses', 'stack_id', 'cluster_id'],
    ...['ca_cert_ref', 'magnum_cert_ref', 'etcd_ca_cert_ref', 'front_proxy_ca_cert_ref'],
  ],
  mandatory: ['cluster_template_id'],
  literals: ['labels', 'health_status_reason'],
};

/** What a PATCH asks for; undefined: nothing was said about it. */
interface Wanted {
  readonly nodeCount: number | undefined;
  readonly health: ClusterChanges;
}

/** Patch -> lookup -> policy -> what may not change -> lock -> status -> rows and operation. Reference sections 2.1, 6. */
@Injectable()
export class UpdateCluster {
  constructor(
    private readonly policy: Policy,
    private readonly checks: CloudChecks,
    private readonly clusters: ClustersRepository,
    private readonly groups: NodeGroupsRepository,
    private readonly drivers: ClusterDrivers,
    private readonly changes: ChangeCluster,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /**
   * @param rollback null: not said
   * @returns the cluster's uuid; what was asked for is stored
   */
  async run(
    ctx: RequestContext,
    version: Microversion,
    ident: string,
    patch: readonly PatchOperation[],
    rollback: boolean | null,
  ): Promise<string> {
    if (rollback !== null && !version.atLeast(ROLLBACK_SINCE)) {
      throw new InvalidInput('unknown-argument', 'Unknown argument: "rollback"', { field: 'rollback' });
    }
    const scope = scopeOf(this.policy, ctx, 'cluster:update_all_projects');
    const row = await this.clusters.get(scope, ident);
    this.policy.enforce(ctx, 'cluster:update', row);
    this.policy.enforce(ctx, 'cluster:update_health_status');
    const attributes = await this.attributesOf(row);
    const touched = applyPatch(attributes, patch, RULES);
    const wanted = readWanted(touched);
    if (wanted.nodeCount !== undefined) assertZeroNodesKnown(version, wanted.nodeCount);
    await this.refuseOthers(ctx, row, attributes, touched);
    await this.store(ctx, row, wanted, rollback ?? false);
    return row.uuid;
  }

  private async store(ctx: RequestContext, row: ClusterEntity, wanted: Wanted, rollback: boolean): Promise<void> {
    const { nodeCount, health } = wanted;
    if (nodeCount === undefined && Object.keys(health).length === 0) return;
    const template = await this.drivers.templateOf(row);
    await this.changes.run(ctx, row, async (tx, cluster, groups) => {
      const workers = defaultWorkers(groups);
      const resizes = nodeCount !== undefined && nodeCount !== workers.nodeCount;
      if (resizes) {
        assertChangeAllowed('update', cluster.status);
        assertGroupStays('Updating', workers.status);
        assertRoomForNodes(cluster, template, withCount(groups, workers, nodeCount));
      }
      if (Object.keys(health).length > 0) {
        assertHealthKept(cluster.status);
        await this.clusters.change(tx, cluster.uuid, health);
      }
      if (!resizes) return null;
      await this.groups.change(tx, workers.uuid, { nodeCount, status: 'UPDATE_IN_PROGRESS', statusReason: null });
      return {
        kind: 'update',
        request: {
          nodeGroupUuid: workers.uuid,
          nodeCount,
          previousNodeCount: workers.nodeCount,
          nodesToRemove: [],
          rollback,
        },
        message: `changing the nodes of cluster ${cluster.name} from ${workers.nodeCount} to ${nodeCount} was asked for`,
      };
    });
  }

  /** By their wire names. Nodes are counted over all groups, although the default workers alone can be written. */
  private async attributesOf(row: ClusterEntity): Promise<Record<string, unknown>> {
    const groups = (await this.clusters.groupsOf({ kind: 'project', projectId: row.projectId }, [row.uuid])).get(row.uuid) ?? [];
    return {
      ...wireAttributes(row, groups),
      discovery_url: row.discoveryUrl,
      fixed_network: row.fixedNetwork,
      fixed_subnet: row.fixedSubnet,
      floating_ip_enabled: row.floatingIpEnabled,
      master_lb_enabled: row.masterLbEnabled,
      status: row.status,
      status_reason: row.statusReason,
      health_status: row.healthStatus,
      health_status_reason: Object.keys(row.healthStatusReason).length === 0 ? null : row.healthStatusReason,
      coe_version: row.coeVersion,
      container_version: row.containerVersion,
    };
  }

  /**
   * What is written with the value that it has is fine.
   * @throws InvalidInput something that cannot change would change; an unknown flavor is told first
   */
  private async refuseOthers(
    ctx: RequestContext,
    row: ClusterEntity,
    attributes: Readonly<Record<string, unknown>>,
    touched: ReadonlyMap<string, unknown>,
  ): Promise<void> {
    const others = [...touched].filter(([name]) => !CHANGEABLE.includes(name));
    const differing = others
      .map(([name, raw]) => [name, readField(name, raw)] as const)
      .filter(([name, value]) => !isDeepStrictEqual(value, attributes[name]));
    if (differing.length === 0) return;
    const bootVolumeGb = bootVolumeSizeGb(row.labels, this.settings.DEFAULT_BOOT_VOLUME_SIZE);
    const flavors = differing.filter(([name]) => name === 'flavor_id' || name === 'master_flavor_id');
    await inOrder(...flavors.map(([name, value]) => this.checks.flavor(ctx, name, value as string | null, bootVolumeGb)));
    const names = differing.map(([name]) => name).join(', ');
    throw new InvalidInput('cannot-change', `cannot change cluster property(ies) ${names}.`, { field: names });
  }
}

const CHANGEABLE = ['node_count', 'health_status', 'health_status_reason'];

/** Removing the count gives its default; removing health does nothing. */
function readWanted(touched: ReadonlyMap<string, unknown>): Wanted {
  const health: ClusterChanges = {};
  const status = touched.get('health_status');
  if (status !== undefined) health.healthStatus = CLUSTER_FIELDS.health_status.parse(checked('health_status', status));
  const reason = touched.get('health_status_reason');
  if (reason !== undefined) health.healthStatusReason = readReason(reason);
  if (!touched.has('node_count')) return { nodeCount: undefined, health };
  return { nodeCount: CLUSTER_FIELDS.node_count.parse(checked('node_count', touched.get('node_count'))), health };
}

const REASON = textMap({ description: 'Health of the API and the nodes' });

function readReason(value: unknown): Record<string, string> {
  const result = REASON.safeParse(value);
  if (result.success) return result.data;
  throw refusal('health_status_reason', result.error.issues[0]?.message);
}

/** Through the field of create: numeric texts and the words of booleans are taken, what was removed has its default. */
function readField(name: string, raw: unknown): unknown {
  if (!isFieldName(name) || UNREAD.includes(name)) return raw ?? null;
  const value = CLUSTER_FIELDS[name].parse(checked(name, raw));
  return name === 'labels' ? labelsOf((value as Record<string, LabelValue> | null) ?? {}) : value;
}

/** Fields that create does not look at. */
const UNREAD = ['status', 'status_reason', 'coe_version', 'container_version'];

const isFieldName = (name: string): name is keyof typeof CLUSTER_FIELDS => Object.hasOwn(CLUSTER_FIELDS, name);

/** @returns the value as it was. @throws InvalidInput in the field's own words */
function checked(name: keyof typeof CLUSTER_FIELDS, raw: unknown): unknown {
  const result = CLUSTER_FIELDS[name].safeParse(raw);
  if (result.success) return raw;
  throw refusal(name, result.error.issues[0]?.message);
}

const refusal = (field: string, words = ''): InvalidInput =>
  new InvalidInput('invalid-input', `Invalid input for field/attribute ${field}. ${words}`, { field });
