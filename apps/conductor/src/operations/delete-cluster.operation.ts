import { ClusterWorkRepository, type StoredFailure, type Tx } from '#libs/db';
import { Injectable } from '@nestjs/common';
import type { OperationContext, OperationHandler, Step } from './operation.js';
import { AskKubernetesStep } from './deletion/ask-kubernetes.step.js';
import { RemoveKubernetesMadeStep } from './deletion/remove-kubernetes-made.step.js';
import { DeleteStacksStep } from './steps/delete-stacks.step.js';
import { LeaveTrustStep } from './deletion/leave-trust.step.js';

/** Away with everything, from whatever state; last of all the cluster's row. */
@Injectable()
export class DeleteClusterOperation implements OperationHandler {
  readonly kind = 'delete';
  readonly steps: readonly Step[];

  constructor(
    private readonly clusters: ClusterWorkRepository,
    ask: AskKubernetesStep,
    stacks: DeleteStacksStep,
    made: RemoveKubernetesMadeStep,
    trust: LeaveTrustStep,
  ) {
    // What makes more of it goes first, then what it has made, then what that stands on, then who may remove it.
    this.steps = [ask, stacks.nodeGroups, made, stacks.infrastructure, trust];
  }

  async complete({ cluster }: OperationContext, tx: Tx): Promise<void> {
    await this.clusters.remove(tx, cluster.uuid);
  }

  async fail({ cluster }: OperationContext, tx: Tx, failure: StoredFailure): Promise<void> {
    await this.clusters.set(tx, cluster.uuid, { status: 'DELETE_FAILED', statusReason: failure.message });
    await this.clusters.failGroups(tx, cluster.uuid, 'DELETE_FAILED', failure.message);
  }
}
