import { assertChangeAllowed, assertGroupStays, Conflict, InvalidInput, type RequestContext } from '#libs/domain';
import {
  ClustersRepository,
  NodeGroupsRepository,
  NodesRepository,
  type ClusterEntity,
  type NodeEntity,
  type NodeGroupEntity,
} from '#libs/db';
import { Injectable } from '@nestjs/common';
import { pythonRepr } from '../../http/python-repr.js';
import { Policy } from '../../policy/policy.js';
import { scopeOf } from '../../policy/scope.js';
import { ChangeCluster } from './change-cluster.js';
import { ClusterDrivers, driverName } from './cluster-drivers.js';
import type { RepairBody } from './cluster.dto.js';

/** Lookup -> policy -> driver -> nodes -> status -> rows and operation. Ours, not Magnum's. */
@Injectable()
export class RepairCluster {
  constructor(
    private readonly policy: Policy,
    private readonly clusters: ClustersRepository,
    private readonly groups: NodeGroupsRepository,
    private readonly nodes: NodesRepository,
    private readonly drivers: ClusterDrivers,
    private readonly changes: ChangeCluster,
  ) {}

  /** @returns the cluster's uuid; statuses and operation are stored */
  async run(ctx: RequestContext, ident: string, body: RepairBody): Promise<string> {
    const scope = scopeOf(this.policy, ctx, 'cluster:update_all_projects');
    const row = await this.clusters.get(scope, ident);
    this.policy.enforce(ctx, 'cluster:repair', row);
    const template = await this.drivers.templateOf(row);
    if (!this.drivers.featuresOf(template).repair) {
      const driver = driverName(template);
      throw new InvalidInput('repair-unsupported', `Repairing a cluster that uses the ${driver} driver is not supported.`, {
        driver,
      });
    }
    await this.changes.run(ctx, row, async (tx, cluster, groups) => {
      const rows = await this.nodes.all(tx, cluster.uuid);
      const named = namedNodes(rows, body.nodes);
      assertChangeAllowed('repair', cluster.status);
      const wanted = named.length > 0 ? named : rows.filter((node) => node.unhealthySince !== null && node.leavingSince === null);
      const touched = groups.filter((group) => wanted.some((node) => node.nodeGroupUuid === group.uuid));
      for (const group of touched) {
        if (named.length > 0) assertGroupStays('Repairing', group.status);
        assertOthersStand(cluster, group, rows, wanted);
      }
      for (const { uuid } of touched.filter(({ status }) => !status.startsWith('DELETE_'))) {
        await this.groups.change(tx, uuid, { status: 'UPDATE_IN_PROGRESS', statusReason: null });
      }
      const [only] = touched;
      return {
        kind: 'repair',
        request: {
          nodeGroupUuid: named.length > 0 && touched.length === 1 ? (only?.uuid ?? null) : null,
          nodeUuids: named.map((node) => node.uuid),
          reason: 'asked for',
        },
        rounds: Math.max(1, wanted.filter((node) => node.role === 'master').length),
        message: `repairing ${words(wanted.length)} of cluster ${cluster.name} was asked for`,
      };
    });
    return row.uuid;
  }
}

/** @throws InvalidInput one of them is no node of the cluster */
function namedNodes(rows: readonly NodeEntity[], names: readonly string[]): NodeEntity[] {
  const found = names.map((name) => {
    const node = rows.find((row) => isCalled(row, name));
    if (node) return node;
    throw new InvalidInput(
      'unknown-node',
      `Invalid input for field/attribute nodes. Value: '${pythonRepr(name)}'. The cluster has no node of this uuid, name or server id`,
      { field: 'nodes', value: name },
    );
  });
  return [...new Set(found)];
}

/** Machine ids come without dashes. */
function isCalled(row: NodeEntity, entry: string): boolean {
  const text = entry.trim().toLowerCase();
  const id = text.replaceAll('-', '');
  return row.name === text || [row.uuid, row.serverId].some((uuid) => uuid?.replaceAll('-', '') === id);
}

/** @throws Conflict etcd is on the masters: with the only one all that the cluster knows would go */
function assertOthersStand(
  cluster: ClusterEntity,
  group: NodeGroupEntity,
  rows: readonly NodeEntity[],
  wanted: readonly NodeEntity[],
): void {
  if (group.role !== 'master') return;
  const masters = rows.filter((node) => node.role === 'master' && node.leavingSince === null);
  const lost = masters.filter((node) => wanted.includes(node));
  if (lost.length === 0 || lost.length < masters.length) return;
  const message =
    masters.length === 1
      ? `Cluster ${cluster.name} has one master: replacing it would lose what etcd holds.`
      : `Not all masters of cluster ${cluster.name} can be replaced at once: what etcd holds would be lost.`;
  throw new Conflict('last-master', message, { clusterUuid: cluster.uuid });
}

const words = (count: number): string => (count === 1 ? '1 node' : `${count} nodes`);
