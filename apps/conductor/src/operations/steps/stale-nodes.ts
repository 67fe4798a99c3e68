import { ClusterWorkRepository, NodesRepository, type NodeEntity, type NodeGroupEntity, type OperationEntity } from '#libs/db';
import { Injectable } from '@nestjs/common';
import { isMaster } from '../cluster-plan.js';
import { NodeChange } from '../nodes/node-change.js';
import type { OperationContext } from '../operation.js';
import { SERVICE } from '../service-scope.js';
import { ControlPlane } from '../upgrade/control-plane.js';

/** A machine that has been silent for so long before a create was taken up again does not come any more. */
const SILENT_MS = 10 * 60_000;

/** Since when the create is tried again; null: it is the first try. */
export function triedAgainAt({
  retryOf,
  createdAt,
  request,
}: Pick<OperationEntity, 'retryOf' | 'createdAt' | 'request'>): Date | null {
  const { resumedAt } = request;
  if (typeof resumedAt === 'string') return new Date(resumedAt);
  return retryOf === null ? null : createdAt;
}

/** Whether the machine is one that an earlier try has lost: it has said so itself, or nothing for long. Pure. */
export function isStale(
  { joinedAt, phaseAt, phaseStatus, serverId }: Pick<NodeEntity, 'joinedAt' | 'phaseAt' | 'phaseStatus' | 'serverId'>,
  since: Date,
): boolean {
  if (joinedAt !== null || phaseAt >= since) return false;
  return phaseStatus === 'failed' || (serverId !== null && phaseAt.getTime() < since.getTime() - SILENT_MS);
}

/**
 * A create that is tried again: machines that the earlier try has lost go, row, server and port, before new ones come in
 * their places. A machine takes its bundle once, so it cannot begin again itself.
 */
@Injectable()
export class StaleNodes {
  constructor(
    private readonly clusters: ClusterWorkRepository,
    private readonly nodes: NodesRepository,
    private readonly change: NodeChange,
    private readonly controlPlane: ControlPlane,
  ) {}

  /** May be repeated at any point. */
  async remove(ctx: OperationContext): Promise<void> {
    const since = triedAgainAt(ctx.operation);
    if (since === null) return;
    const rows = await this.nodes.ofCluster(SERVICE, ctx.cluster.uuid);
    const stale = rows.filter((node) => node.leavingSince !== null || isStale(node, since));
    if (stale.length === 0) return;
    const uuids = stale.map((node) => node.uuid);
    const controlPlaneStands = rows.some((node) => node.role === 'master' && node.joinedAt !== null);
    await ctx.write(async (tx) => {
      await this.nodes.markLeaving(tx, uuids);
      // Else it is the address of a machine that goes.
      if (!controlPlaneStands && stale.some((node) => node.role === 'master')) await this.forgetAddress(ctx, tx);
    });
    for (const group of await this.clusters.groups(SERVICE, ctx.cluster.uuid)) {
      const gone = stale.filter((node) => node.nodeGroupUuid === group.uuid);
      if (gone.length > 0) await this.removeOf(ctx, group, gone, controlPlaneStands);
    }
  }

  private async removeOf(ctx: OperationContext, group: NodeGroupEntity, gone: NodeEntity[], etcd: boolean): Promise<void> {
    if (isMaster(group) && etcd) await this.controlPlane.leave(ctx, group, gone);
    else await this.change.removeNodes(ctx, [group.uuid], gone);
  }

  private async forgetAddress({ cluster }: OperationContext, tx: Parameters<ClusterWorkRepository['set']>[0]): Promise<void> {
    if (!cluster.masterLbEnabled && !cluster.floatingIpEnabled) await this.clusters.set(tx, cluster.uuid, { apiAddress: null });
  }
}
