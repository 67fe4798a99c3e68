import type { NodeEntity, NodeGroupEntity } from '#libs/db';
import { isNotFound, type ClusterClient, type NodeState, type TaintKey } from '#libs/kubernetes';
import { Injectable } from '@nestjs/common';
import { ClusterKube } from '../../kubernetes/cluster-kube.js';
import { assertHolder, type OperationContext } from '../operation.js';

const CERTIFICATE_MINUTES = 30;

/** What was there before and may have to go. */
export interface Earlier {
  readonly labels: readonly string[];
  readonly taints: readonly TaintKey[];
}

/** Brings the labels and taints of a group to the nodes that stand. */
@Injectable()
export class LabelNodes {
  constructor(private readonly kube: ClusterKube) {}

  /** May be repeated. Asks the cluster nothing when there is nothing to set or to remove. @throws KubernetesError */
  async run(ctx: OperationContext, group: NodeGroupEntity, nodes: readonly NodeEntity[], earlier: Earlier): Promise<void> {
    const gone = earlier.labels.filter((key) => !(key in group.nodeLabels));
    const labels: Record<string, string | null> = { ...group.nodeLabels, ...Object.fromEntries(gone.map((key) => [key, null])) };
    const taints = { set: group.nodeTaints, remove: earlier.taints };
    const standing = nodes.filter((node) => node.leavingSince === null && node.readyAt !== null);
    if (standing.length === 0 || Object.keys(labels).length + taints.set.length + taints.remove.length === 0) return;
    const client = await this.kube.connect(ctx.cluster, CERTIFICATE_MINUTES);
    let next = '';
    ctx.awaiting(() => `the API of the cluster to label node ${next}`);
    try {
      const states = new Map((await client.nodes({ signal: ctx.signal })).map((state) => [state.name, state]));
      for (const { name } of standing) {
        next = name;
        const state = states.get(name);
        if (state) await this.one(ctx, client, state, labels, taints);
        else ctx.log.warn({ node: name }, 'the cluster knows no such node: its labels are left');
      }
    } finally {
      await client.close();
    }
  }

  private async one(
    ctx: OperationContext,
    client: ClusterClient,
    state: NodeState,
    labels: Readonly<Record<string, string | null>>,
    taints: Parameters<ClusterClient['taintNode']>[1],
  ): Promise<void> {
    // A later change may have set others.
    await assertHolder(ctx);
    try {
      if (!hasLabels(state, labels)) await client.labelNode(state.name, labels, { signal: ctx.signal });
      if (taints.set.length + taints.remove.length > 0) await client.taintNode(state.name, taints, { signal: ctx.signal });
    } catch (error) {
      // Removed by hand meanwhile.
      if (!isNotFound(error)) throw error;
    }
  }
}

function hasLabels({ labels: there }: NodeState, wanted: Readonly<Record<string, string | null>>): boolean {
  return Object.entries(wanted).every(([key, value]) => (value === null ? !(key in there) : there[key] === value));
}
