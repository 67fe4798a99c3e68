import type { RequestContext } from '#libs/domain';
import { ClusterHistoryRepository, type OperationEntity, type OperationStepEntity } from '#libs/db';
import { Injectable } from '@nestjs/common';
import { FindKnownCluster } from '../history/known-cluster.js';

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
  async one(
    ctx: RequestContext,
    ident: string,
    operation: string,
  ): Promise<{ row: OperationEntity; steps: OperationStepEntity[] }> {
    const { scope, uuid } = await this.known.run(ctx, ident, 'too');
    const [row, steps] = await Promise.all([
      this.history.operation(scope, uuid, operation),
      this.history.steps(scope, operation),
    ]);
    return { row, steps };
  }
}
