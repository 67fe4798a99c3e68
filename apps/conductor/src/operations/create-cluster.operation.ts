import { ClusterWorkRepository, type StoredFailure, type Tx } from '#libs/db';
import { Injectable } from '@nestjs/common';
import type { OperationContext, OperationHandler, Step } from './operation.js';
import { AccessStep } from './steps/access.step.js';
import { AddonsStep } from './steps/addons.step.js';
import { CertificatesStep } from './steps/certificates.step.js';
import { InfrastructureStep } from './steps/infrastructure.step.js';
import { KubernetesStep } from './steps/kubernetes.step.js';
import { NodeGroupsStep } from './steps/node-groups.step.js';
import { NodesStep } from './steps/nodes.step.js';
import { ResolveStep } from './steps/resolve.step.js';
import { TrustStep } from './steps/trust.step.js';

/** From rows to a cluster whose nodes are Ready, and which knows its users. */
@Injectable()
export class CreateClusterOperation implements OperationHandler {
  readonly kind = 'create';
  readonly steps: readonly Step[];

  constructor(
    private readonly clusters: ClusterWorkRepository,
    trust: TrustStep,
    certificates: CertificatesStep,
    resolve: ResolveStep,
    infrastructure: InfrastructureStep,
    nodes: NodesStep,
    nodeGroups: NodeGroupsStep,
    addons: AddonsStep,
    kubernetes: KubernetesStep,
    access: AccessStep,
  ) {
    const begin: Step = {
      name: trust.name,
      run: async (ctx) => {
        certificates.ahead(ctx);
        await trust.run(ctx);
      },
    };
    this.steps = [begin, resolve, infrastructure, certificates, nodes, nodeGroups, addons, kubernetes, access];
  }

  async complete({ cluster }: OperationContext, tx: Tx): Promise<void> {
    await this.clusters.set(tx, cluster.uuid, { status: 'CREATE_COMPLETE', statusReason: null });
    await this.clusters.setGroups(tx, cluster.uuid, { status: 'CREATE_COMPLETE', statusReason: null });
  }

  async fail({ cluster }: OperationContext, tx: Tx, failure: StoredFailure): Promise<void> {
    await this.clusters.set(tx, cluster.uuid, { status: 'CREATE_FAILED', statusReason: failure.message });
    await this.clusters.failGroups(tx, cluster.uuid, 'CREATE_FAILED', failure.message);
  }
}
