import { ClusterWorkRepository, type StoredFailure, type Tx } from '#libs/db';
import { Injectable } from '@nestjs/common';
import type { OperationContext, OperationHandler, Step } from './operation.js';
import { DeleteStacksStep } from './steps/delete-stacks.step.js';
import { DeleteTrustStep } from './steps/delete-trust.step.js';

/** Away with everything, from whatever state; last of all the cluster's row. */
@Injectable()
export class DeleteClusterOperation implements OperationHandler {
  readonly kind = 'delete';
  readonly steps: readonly Step[];

  constructor(
    private readonly clusters: ClusterWorkRepository,
    stacks: DeleteStacksStep,
    trust: DeleteTrustStep,
  ) {
    this.steps = [stacks.nodeGroups, stacks.infrastructure, trust];
  }

  async complete({ cluster }: OperationContext, tx: Tx): Promise<void> {
    await this.clusters.remove(tx, cluster.uuid);
  }

  async fail({ cluster }: OperationContext, tx: Tx, failure: StoredFailure): Promise<void> {
    await this.clusters.set(tx, cluster.uuid, { status: 'DELETE_FAILED', statusReason: failure.message });
    await this.clusters.failGroups(tx, cluster.uuid, 'DELETE_FAILED', failure.message);
  }
}
