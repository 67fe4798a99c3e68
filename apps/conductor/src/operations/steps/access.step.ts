import { ClusterWorkRepository } from '#libs/db';
import { ACCESS_GROUPS } from '#libs/domain';
import type { KubernetesObject } from '#libs/kubernetes';
import { Injectable } from '@nestjs/common';
import { ClusterKube } from '../../kubernetes/cluster-kube.js';
import { assertHolder, type OperationContext, type Step } from '../operation.js';

const CERTIFICATE_MINUTES = 5;

/**
 * Binds the groups of our users to roles of the cluster, once in its life: whoever removes a binding later has shut these
 * people out, and no operation lets them in again. See ADR 0024.
 */
@Injectable()
export class AccessStep implements Step {
  readonly name = 'access';

  constructor(
    private readonly kube: ClusterKube,
    private readonly clusters: ClusterWorkRepository,
  ) {}

  async run(ctx: OperationContext): Promise<void> {
    const { cluster } = ctx;
    if (cluster.accessBoundAt !== null) return;
    ctx.awaiting(() => 'the cluster to take the roles of its users');
    const client = await this.kube.connect(cluster, CERTIFICATE_MINUTES);
    try {
      for (const binding of accessBindings()) {
        await assertHolder(ctx);
        await client.apply(binding, 'jeroboam', { signal: ctx.signal });
      }
    } finally {
      await client.close();
    }
    const accessBoundAt = new Date();
    await ctx.write((tx) => this.clusters.set(tx, cluster.uuid, { accessBoundAt }));
    cluster.accessBoundAt = accessBoundAt;
  }
}

/** A ClusterRoleBinding for each group. */
export function accessBindings(): KubernetesObject[] {
  return Object.values(ACCESS_GROUPS).map(({ group, clusterRole }) => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: group, labels: { 'app.kubernetes.io/managed-by': 'jeroboam' } },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: clusterRole },
    subjects: [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: group }],
  }));
}
