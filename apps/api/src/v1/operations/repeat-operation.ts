import { randomUUID } from 'node:crypto';
import { Conflict, Forbidden, type RequestContext } from '#libs/domain';
import type { Settings } from '#libs/config';
import {
  askedFor,
  ClustersRepository,
  NodeGroupsRepository,
  noteFound,
  OperationsRepository,
  UnitOfWork,
  type ClusterEntity,
  type NodeGroupEntity,
  type OperationEntity,
  type Tx,
} from '#libs/db';
import { Inject, Injectable } from '@nestjs/common';
import { Policy } from '../../policy/policy.js';
import { scopeOf } from '../../policy/scope.js';
import { SETTINGS } from '../../tokens.js';
import { Operations } from '../clusters/operations.js';
import { actsForCaller, assertEndedBadly, assertRepeatable, RULE_OF, statusesOf } from './repeat-rules.js';

const MINUTE_MS = 60_000;

/** `retry`: a new operation that asks for the same. `resume`: the same one goes on where it ended. */
export type Again = 'retry' | 'resume';

/**
 * Does an operation again that has failed or was aborted. Both begin from what stands: what is there is kept, what is missing
 * is made, what is half is made whole or taken away.
 */
@Injectable()
export class RepeatOperation {
  constructor(
    private readonly policy: Policy,
    private readonly clusters: ClustersRepository,
    private readonly groups: NodeGroupsRepository,
    private readonly rows: OperationsRepository,
    private readonly operations: Operations,
    private readonly uow: UnitOfWork,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /**
   * @returns the operation that is open now
   * @throws NotFound; Forbidden; Conflict it has not failed, another one is open, or a newer one has made it meaningless
   */
  async run(ctx: RequestContext, ident: string, uuid: string, again: Again): Promise<OperationEntity> {
    const scope = scopeOf(this.policy, ctx, 'cluster:update_all_projects');
    const seen = await this.clusters.get(scope, ident);
    this.policy.enforce(ctx, 'cluster:update', seen);
    const operation = await this.uow.run(async (tx) => {
      const cluster = (await this.clusters.lock(tx, seen.uuid)) ?? seen;
      const before = await this.rows.ofCluster(tx, cluster.uuid, uuid);
      this.policy.enforce(ctx, RULE_OF[before.kind], cluster);
      const group = await this.judge(tx, ctx, cluster, before);
      await this.setStatuses(tx, cluster, before, group);
      const after =
        again === 'retry' ? await this.retry(tx, ctx, cluster, before, group) : await this.resume(tx, ctx, cluster, before);
      noteFound('operation', after);
      return this.rows.ofCluster(tx, cluster.uuid, after);
    });
    this.operations.wake(operation);
    return operation;
  }

  /** @returns the node group that it is about; null: none, or all */
  private async judge(
    tx: Tx,
    ctx: RequestContext,
    cluster: ClusterEntity,
    operation: OperationEntity,
  ): Promise<NodeGroupEntity | null> {
    const { uuid, kind, request } = operation;
    assertEndedBadly(operation);
    if (kind === 'rotate-credential' && ctx.projectId !== cluster.projectId) {
      throw new Forbidden('other-project', 'Not authorized.', { operation: uuid });
    }
    if (await this.rows.hasAnyOpen(tx, cluster.uuid)) {
      throw new Conflict('operation-open', 'Another operation of the cluster has not ended yet.', { cluster: cluster.uuid });
    }
    if (await this.rows.isOutdated(tx, operation)) {
      throw new Conflict('operation-outdated', `Operation ${uuid} cannot be done again: a newer one is about the same.`, {
        operation: uuid,
      });
    }
    const { nodeGroupUuid } = request;
    const all = await this.groups.all(tx, cluster.uuid);
    const group = all.find((one) => one.uuid === nodeGroupUuid) ?? null;
    if (typeof nodeGroupUuid === 'string' && !group) {
      throw new Conflict('node-group-gone', `Operation ${uuid} cannot be done again: its node group is not there any more.`, {
        operation: uuid,
      });
    }
    assertRepeatable(operation, cluster, group);
    return group;
  }

  private async setStatuses(
    tx: Tx,
    cluster: ClusterEntity,
    operation: OperationEntity,
    group: NodeGroupEntity | null,
  ): Promise<void> {
    const statuses = statusesOf(operation.kind);
    if (!statuses) return;
    if (statuses.allGroups) await this.clusters.setStatus(tx, cluster.uuid, statuses.cluster);
    else await this.clusters.change(tx, cluster.uuid, { status: statuses.cluster, statusReason: null });
    if (statuses.allGroups || !group) return;
    const { nodeCount } = operation.request;
    await this.groups.change(tx, group.uuid, {
      status: statuses.group,
      statusReason: null,
      ...(typeof nodeCount === 'number' ? { nodeCount } : {}),
    });
  }

  private async retry(
    tx: Tx,
    ctx: RequestContext,
    cluster: ClusterEntity,
    before: OperationEntity,
    group: NodeGroupEntity | null,
  ): Promise<string> {
    const { kind } = before;
    const request = askedFor(before.request);
    if (group && 'previousNodeCount' in request) request['previousNodeCount'] = group.nodeCount;
    const prepared = this.operations.prepare(ctx, cluster, kind, { request, deadlineMinutes: this.minutes(cluster, before) });
    const operation = { ...prepared, uuid: ctx.reservedUuid ?? randomUUID(), retryOf: before.uuid };
    await this.operations.insert(tx, operation, `trying again: ${kind}`, tokenFor(ctx, cluster, before));
    return operation.uuid;
  }

  private async resume(tx: Tx, ctx: RequestContext, cluster: ClusterEntity, before: OperationEntity): Promise<string> {
    const { uuid, kind } = before;
    await this.rows.reopen(tx, uuid, this.minutes(cluster, before));
    const { clusterUuid, projectId } = before;
    const announced = { uuid, kind, clusterUuid, projectId, requestId: ctx.requestId };
    await this.operations.announce(tx, announced, `going on with: ${kind}`, tokenFor(ctx, cluster, before));
    return uuid;
  }

  /** An upgrade has the time that it had for its batches. */
  private minutes(cluster: ClusterEntity, { kind, createdAt, deadlineAt }: OperationEntity): number {
    const standard = this.settings.DEFAULT_CREATE_TIMEOUT_MINUTES;
    if (kind === 'delete') return standard;
    const minutes = cluster.createTimeout || standard;
    if (kind !== 'upgrade' || !deadlineAt) return minutes;
    return Math.max(minutes, Math.ceil((deadlineAt.getTime() - createdAt.getTime()) / MINUTE_MS));
  }
}

/** A token of another project could make no trust for this one; then the trust that there is has to do. */
function tokenFor(ctx: RequestContext, cluster: ClusterEntity, { kind }: OperationEntity): string | null {
  return actsForCaller(kind) && ctx.projectId === cluster.projectId ? ctx.token : null;
}
