import { Conflict, NotFound, type RequestContext } from '#libs/domain';
import {
  ClustersRepository,
  EventsRepository,
  noteFound,
  OperationsRepository,
  Signals,
  UnitOfWork,
  type OperationEntity,
} from '#libs/db';
import { Injectable } from '@nestjs/common';
import { Policy } from '../../policy/policy.js';
import { scopeOf } from '../../policy/scope.js';
import { Operations } from '../clusters/operations.js';

/** Asks for the end of an operation. Whoever runs it stops at its next checkpoint; one that waits ends when its turn comes. */
@Injectable()
export class AbortOperation {
  constructor(
    private readonly policy: Policy,
    private readonly clusters: ClustersRepository,
    private readonly rows: OperationsRepository,
    private readonly events: EventsRepository,
    private readonly signals: Signals,
    private readonly operations: Operations,
    private readonly uow: UnitOfWork,
  ) {}

  /** May be repeated. @throws NotFound; Conflict it is a deletion, or has ended */
  async run(ctx: RequestContext, ident: string, uuid: string): Promise<OperationEntity> {
    const scope = scopeOf(this.policy, ctx, 'cluster:update_all_projects');
    const cluster = await this.clusters.get(scope, ident);
    this.policy.enforce(ctx, 'cluster:update', cluster);
    const operation = await this.uow.run(async (tx) => {
      await this.clusters.lock(tx, cluster.uuid);
      const before = await this.rows.ofCluster(tx, cluster.uuid, uuid);
      if (before.kind === 'delete') {
        throw new Conflict('delete-not-abortable', 'The deletion of a cluster cannot be aborted.', { operation: uuid });
      }
      if (!(await this.rows.abort(tx, uuid, ctx.userId))) {
        throw new Conflict('operation-ended', `Operation ${uuid} has ended already: it is ${before.status}.`, {
          operation: uuid,
          status: before.status,
        });
      }
      if (!before.abortRequested) {
        await this.events.add(tx, {
          clusterUuid: cluster.uuid,
          projectId: cluster.projectId,
          operationUuid: uuid,
          type: 'operation.abort-requested',
          level: 'warning',
          message: `${before.kind}: its end was asked for`,
          data: { kind: before.kind, requestId: ctx.requestId, userId: ctx.userId },
        });
      }
      await this.signals.notify(tx, 'operations', cluster.uuid);
      noteFound('operation', uuid);
      return this.rows.ofCluster(tx, cluster.uuid, uuid);
    });
    this.operations.wake(operation);
    return operation;
  }
}

/** An operation that the cluster has not. */
export function unknownOperation(uuid: string): NotFound {
  return new NotFound('operation-not-found', `Operation ${uuid} could not be found.`, { operationId: uuid });
}
