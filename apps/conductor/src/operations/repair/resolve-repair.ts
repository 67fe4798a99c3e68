import {
  ClusterWorkRepository,
  EventsRepository,
  NodesRepository,
  OperationsRepository,
  type NodeEntity,
  type NodeGroupEntity,
} from '#libs/db';
import { OperationFailure, physicalName } from '#libs/domain';
import { Injectable } from '@nestjs/common';
import { ClusterIdentity, ownerSession } from '../../cloud/cluster-identity.js';
import { boundedList } from '../awaited.js';
import { isMaster } from '../cluster-plan.js';
import { NodeChange } from '../nodes/node-change.js';
import type { OperationContext } from '../operation.js';
import { SERVICE } from '../service-scope.js';
import { standsStill } from './stands-still.js';
import { repairRequest, storedPlan, type RepairedGroup, type RepairPlan } from './repair-request.js';

const MOST_NAMED = 20;

/** Finds out which nodes make room, whether their machines still do something, and whether the control plane outlives it. */
@Injectable()
export class ResolveRepair {
  constructor(
    private readonly identity: ClusterIdentity,
    private readonly clusters: ClusterWorkRepository,
    private readonly nodes: NodesRepository,
    private readonly operations: OperationsRepository,
    private readonly events: EventsRepository,
    private readonly change: NodeChange,
  ) {}

  /** @throws OperationFailure the masters cannot be replaced without losing what etcd holds */
  async run(ctx: OperationContext): Promise<void> {
    if (storedPlan(ctx)) return;
    const { cluster, operation } = ctx;
    const { nodeUuids, infrastructureOnly, reason } = repairRequest(operation);
    const [groups, rows] = await Promise.all([
      this.clusters.groups(SERVICE, cluster.uuid),
      this.nodes.ofCluster(SERVICE, cluster.uuid),
    ]);
    const standing = rows.filter((node) => node.leavingSince === null);
    const broken = (infrastructureOnly ? [] : standing).filter((node) =>
      nodeUuids.length > 0 ? nodeUuids.includes(node.uuid) : node.unhealthySince !== null,
    );
    const lives = groups.filter(({ status }) => !status.startsWith('DELETE_'));
    const touched = nodeUuids.length > 0 ? lives.filter(({ uuid }) => broken.some((node) => node.nodeGroupUuid === uuid)) : lives;
    await this.change.resolve(
      ctx,
      touched.map(({ uuid }) => uuid),
    );
    const masters = standing.filter((node) => node.role === 'master');
    const down = await this.standingStill(ctx, [...new Set([...broken, ...masters])]);
    assertControlPlaneOutlives(masters, broken, down);
    const plan: RepairPlan = {
      groups: await Promise.all(
        touched.toSorted((a, b) => Number(isMaster(b)) - Number(isMaster(a))).map((group) => this.ofGroup(ctx, group, broken)),
      ),
      down: broken.filter((node) => down.has(node.uuid)).map((node) => node.uuid),
    };
    await ctx.write(async (tx) => {
      await this.operations.addToRequest(tx, operation.uuid, { repair: plan });
      await this.events.add(tx, {
        clusterUuid: cluster.uuid,
        projectId: cluster.projectId,
        operationUuid: operation.uuid,
        type: 'repair.planned',
        message: sentence(broken, plan),
        data: {
          reason,
          down: plan.down.length,
          nodes: broken.slice(0, MOST_NAMED).map(({ name, unhealthyReason }) => ({ name, reason: unhealthyReason })),
        },
      });
    });
    operation.request = { ...operation.request, repair: plan };
  }

  private async ofGroup(ctx: OperationContext, group: NodeGroupEntity, broken: readonly NodeEntity[]): Promise<RepairedGroup> {
    const own = broken.filter((node) => node.nodeGroupUuid === group.uuid).map((node) => node.uuid);
    return { uuid: group.uuid, name: group.name, wanted: await this.change.wantedCount(ctx, group), broken: own };
  }

  /** Uuids of those whose server is gone or does nothing. One list. */
  private async standingStill(ctx: OperationContext, nodes: readonly NodeEntity[]): Promise<Set<string>> {
    if (nodes.length === 0) return new Set();
    const cloud = await ownerSession(this.identity, ctx);
    const servers = await cloud.compute.servers.list({ name: `^${physicalName(ctx.cluster, '')}` });
    const states = new Map(servers.map((server) => [server.id, server.status]));
    return new Set(nodes.filter((node) => standsStill(states.get(node.serverId ?? ''))).map((node) => node.uuid));
  }
}

/** @throws OperationFailure */
function assertControlPlaneOutlives(
  masters: readonly NodeEntity[],
  broken: readonly NodeEntity[],
  down: ReadonlySet<string>,
): void {
  const lost = masters.filter((node) => broken.includes(node));
  if (lost.length === 0) return;
  const names = boundedList(lost.map((node) => node.name));
  if (lost.length === masters.length) {
    const words =
      masters.length === 1
        ? `${names} is the only master: replacing it would lose what etcd holds`
        : `all masters are to be replaced (${names}): what etcd holds would be lost`;
    throw refused('last-master', words, names);
  }
  const voters = masters.filter((node) => node.joinedAt !== null);
  const living = voters.filter((node) => !down.has(node.uuid));
  if (living.length < Math.floor(voters.length / 2) + 1) {
    throw refused(
      'etcd-majority-lost',
      `only ${living.length} of ${voters.length} masters run: etcd has no majority, so no master can be replaced`,
      names,
    );
  }
}

function refused(code: 'last-master' | 'etcd-majority-lost', words: string, names: string): OperationFailure {
  return new OperationFailure(code, `resolve: ${words}`, { step: 'resolve', object: `node ${names}` });
}

function sentence(broken: readonly NodeEntity[], { down }: RepairPlan): string {
  if (broken.length === 0) return 'no node is to be replaced';
  const names = boundedList(broken.map((node) => node.name));
  const count = broken.length === 1 ? 'one node is' : `${broken.length} nodes are`;
  return `${count} to be replaced: ${names}${down.length > 0 ? `; ${down.length} of them ${down.length === 1 ? 'does' : 'do'} not run` : ''}`;
}
