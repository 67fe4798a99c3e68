import { NotFound, type OperationKind, type RequestContext } from '#libs/domain';
import type { Settings } from '#libs/config';
import {
  ClustersRepository,
  NodeGroupsRepository,
  OperationsRepository,
  UnitOfWork,
  type ClusterEntity,
  type NewOperation,
  type NodeGroupEntity,
  type Tx,
} from '#libs/db';
import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../../tokens.js';
import { Operations } from './operations.js';

/** A change that was found good under the lock. */
export interface AcceptedChange {
  readonly kind: OperationKind;
  readonly request?: Record<string, unknown>;
  /** Of the event: one sentence without secrets. */
  readonly message: string;
  /** How many times the cluster's own bound it may take; 1 when not said. */
  readonly rounds?: number;
  /** It acts in the caller's name: his token is kept, sealed. The cluster's status stays. */
  readonly asCaller?: boolean;
  /** It is about something beside the cluster's nodes. */
  readonly statusStays?: boolean;
}

/**
 * The one way by which a cluster that is there is changed: locked, judged by what is there now, rows and operation stored
 * together, conductors woken. Requests that come together pass one after the other.
 */
@Injectable()
export class ChangeCluster {
  constructor(
    private readonly uow: UnitOfWork,
    private readonly clusters: ClustersRepository,
    private readonly groups: NodeGroupsRepository,
    private readonly queued: OperationsRepository,
    private readonly operations: Operations,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /**
   * @param judge sees the rows under the lock; throws what speaks against the change; writes its own rows. Null: nothing is
   *   left to be done. Run again after a deadlock
   * @throws NotFound the cluster has gone meanwhile
   */
  async run(
    ctx: RequestContext,
    seen: ClusterEntity,
    judge: (tx: Tx, cluster: ClusterEntity, groups: readonly NodeGroupEntity[]) => Promise<AcceptedChange | null>,
  ): Promise<void> {
    const operation = await this.uow.run(async (tx): Promise<NewOperation | null> => {
      const cluster = await this.clusters.lock(tx, seen.uuid);
      if (!cluster) {
        throw new NotFound('cluster-not-found', `Cluster ${seen.uuid} could not be found.`, { cluster: seen.uuid });
      }
      const accepted = await judge(tx, cluster, await this.groups.all(tx, seen.uuid));
      return accepted && this.store(tx, ctx, cluster, accepted);
    });
    if (operation) this.operations.wake(operation);
  }

  private async store(tx: Tx, ctx: RequestContext, cluster: ClusterEntity, accepted: AcceptedChange): Promise<NewOperation> {
    const { kind, message, rounds = 1, asCaller = false, statusStays = asCaller } = accepted;
    const request = await this.overtaking(tx, cluster, kind, accepted.request ?? {});
    const minutes = cluster.createTimeout || this.settings.DEFAULT_CREATE_TIMEOUT_MINUTES;
    // It waits for what was asked for before it, and has its own time after that.
    const notBefore = await this.queued.lastDeadline(tx, cluster.uuid);
    const operation = this.operations.prepare(ctx, cluster, kind, { request, deadlineMinutes: minutes * rounds, notBefore });
    await this.operations.insert(tx, operation, message, asCaller ? ctx.token : null);
    if (!statusStays) await this.clusters.change(tx, cluster.uuid, { status: 'UPDATE_IN_PROGRESS', statusReason: null });
    return operation;
  }

  /**
   * Ends what the change overtakes. The group has not the count that was asked for last: should the change fail, the one
   * before goes. And what others were to take away it takes away, or an autoscaler would lose the wrong nodes.
   */
  private async overtaking(
    tx: Tx,
    cluster: ClusterEntity,
    kind: OperationKind,
    request: Record<string, unknown>,
  ): Promise<Record<string, unknown>> {
    const { nodeGroupUuid, nodeCount } = request;
    const kinds = OVERTAKES[kind];
    if (!kinds || typeof nodeGroupUuid !== 'string') return request;
    const overtaken = await this.queued.overtake(tx, { clusterUuid: cluster.uuid, uuid: nodeGroupUuid }, kinds);
    if (overtaken.length === 0 || nodeCount === undefined) return request;
    const previousNodeCount = overtaken.find((one) => 'previousNodeCount' in one)?.['previousNodeCount'];
    const named = overtaken.flatMap((one) => [...textsOf(one['nodesToRemove']), ...textsOf(one['overtakenToRemove'])]);
    const overtakenToRemove = named.length > 0 ? await this.groups.nodesCalled(tx, nodeGroupUuid, named) : [];
    return { ...request, ...(previousNodeCount === undefined ? {} : { previousNodeCount }), overtakenToRemove };
  }
}

/** Which unfinished changes of a node group a newer one ends: it begins at once, from whatever stands. */
const OVERTAKES: Readonly<Partial<Record<OperationKind, readonly OperationKind[]>>> = {
  resize: ['resize', 'update'],
  update: ['resize', 'update'],
  'node-group-delete': ['resize', 'update', 'node-group-create', 'node-group-update'],
};

/** The group that a cluster's own `node_count` is written to. */
export function defaultWorkers(groups: readonly NodeGroupEntity[]): NodeGroupEntity {
  const found = groups.find((group) => group.isDefault && group.role !== 'master');
  if (!found) throw new NotFound('node-group-not-found', 'Nodegroup default-worker could not be found.');
  return found;
}

const textsOf = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

/** The group as it is under the lock. @throws NotFound it has gone meanwhile */
export function lockedGroup(groups: readonly NodeGroupEntity[], seen: NodeGroupEntity): NodeGroupEntity {
  const found = groups.find((group) => group.uuid === seen.uuid);
  if (found) return found;
  throw new NotFound('node-group-not-found', `Nodegroup ${seen.name} could not be found.`, { nodeGroup: seen.name });
}

/** The groups as they would be with another count of one of them. */
export function withCount(
  groups: readonly NodeGroupEntity[],
  changed: NodeGroupEntity,
  nodeCount: number,
): { readonly nodeCount: number }[] {
  return groups.map((group) => (group.uuid === changed.uuid ? { nodeCount } : group));
}
