import type { RequestContext } from '#libs/domain';
import { ClusterHistoryRepository, type EventEntity, type OperationEntity, type OperationStepEntity } from '#libs/db';
import { Injectable } from '@nestjs/common';
import { FindKnownCluster } from '../history/known-cluster.js';

/** The events have all of them. */
const MOST_REQUESTS = 100;

export interface ShownOperation {
  readonly row: OperationEntity;
  readonly steps: readonly OperationStepEntity[];
  /** Events of resources, with the cloud's id of the request. */
  readonly requests: readonly EventEntity[];
}

/** Operations of a cluster; they outlive it. */
@Injectable()
export class FindOperations {
  constructor(
    private readonly known: FindKnownCluster,
    private readonly history: ClusterHistoryRepository,
  ) {}

  /** @returns one page, the newest first, and the cluster's uuid */
  async page(
    ctx: RequestContext,
    ident: string,
    before: number | null,
    limit: number,
  ): Promise<{ uuid: string; rows: OperationEntity[] }> {
    const { scope, uuid } = await this.known.run(ctx, ident, 'too');
    return { uuid, rows: await this.history.operations(scope, uuid, before, limit) };
  }

  /** @throws NotFound */
  async one(ctx: RequestContext, ident: string, operation: string): Promise<ShownOperation> {
    const { scope, uuid } = await this.known.run(ctx, ident, 'too');
    const [row, steps, requests] = await Promise.all([
      this.history.operation(scope, uuid, operation),
      this.history.steps(scope, operation),
      this.history.cloudRequests(scope, operation, MOST_REQUESTS),
    ]);
    return { row, steps, requests };
  }
}
