import type { Settings } from '#libs/config';
import { EventsRepository, type NewEvent, type NodeEntity } from '#libs/db';
import { OperationFailure } from '#libs/domain';
import { isNotFound, isRetryable, type ClusterClient, type DrainResult, type NodeState } from '#libs/kubernetes';
import { Inject, Injectable } from '@nestjs/common';
import { ClusterKube } from '../../kubernetes/cluster-kube.js';
import { SETTINGS } from '../../tokens.js';
import { Wake } from '../../wake.js';
import { boundedList } from '../awaited.js';
import { assertHolder, type OperationContext } from '../operation.js';

/** Nodes that hand on their pods at the same time. */
const LANES = 10;
/** How long the cluster's API may be silent before nodes go without its help. */
const PATIENCE_MS = 20_000;
const AGAIN_MS = 500;
const CERTIFICATE_MINUTES = 10;
const MINUTE_MS = 60_000;

/**
 * Takes nodes out of Kubernetes: cordoned, drained within DRAIN_SECONDS with disruption budgets honoured, then the Node
 * object removed. Nothing here keeps a node: what could not be moved, and a cluster that does not answer, become warnings.
 */
@Injectable()
export class DrainNodes {
  constructor(
    private readonly kube: ClusterKube,
    private readonly events: EventsRepository,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** May be repeated: nodes that Kubernetes does not know are done. @throws the signal's reason */
  async run(ctx: OperationContext, leaving: readonly NodeEntity[]): Promise<void> {
    if (leaving.length === 0) return;
    const rounds = Math.ceil(leaving.length / LANES);
    const minutes = CERTIFICATE_MINUTES + Math.ceil((rounds * this.settings.DRAIN_SECONDS * 1000) / MINUTE_MS);
    let client: ClusterClient;
    try {
      client = await this.kube.connect(ctx.cluster, minutes);
    } catch (error) {
      if (!(error instanceof OperationFailure)) throw error;
      // The control plane was never made.
      return;
    }
    try {
      await this.withClient(ctx, client, leaving);
    } finally {
      await client.close();
    }
  }

  private async withClient(ctx: OperationContext, client: ClusterClient, leaving: readonly NodeEntity[]): Promise<void> {
    const left = new Set(leaving.map((node) => node.name));
    ctx.awaiting(() => `the pods of ${boundedList([...left].map((name) => `node ${name}`))} to move`);
    const states = await this.patiently(ctx, () => client.nodes({ signal: ctx.signal }));
    if (!states) {
      await this.warn(ctx, leaving, 'the cluster’s API does not answer: its nodes go without being drained');
      return;
    }
    const known = new Map(states.map((state) => [state.name, state]));
    const present = leaving.filter((node) => known.has(node.name));
    // All first: pods must not move from one leaving node to the next.
    await inLanes(present, async (node) => {
      // The next node of this name may have joined long ago.
      await assertHolder(ctx);
      await this.tolerantly(ctx, node, 'cordon', () => client.cordon(node.name, { signal: ctx.signal }));
    });
    await inLanes(present, async (node) => {
      await this.drainOne(ctx, client, node, known.get(node.name));
      left.delete(node.name);
    });
  }

  private async drainOne(ctx: OperationContext, client: ClusterClient, node: NodeEntity, state?: NodeState): Promise<void> {
    const { signal } = ctx;
    // Pods of a node that is silent cannot stop in order: their eviction is asked for, and not waited for.
    const drainMs = state?.ready ? this.settings.DRAIN_SECONDS * 1000 : 0;
    await assertHolder(ctx);
    const result = await this.tolerantly(ctx, node, 'drain', () => client.drain(node.name, { drainMs, signal }));
    if (result && !result.complete) await this.warn(ctx, [node], `node ${node.name} goes with ${describe(result)}`);
    // Draining took its time.
    await assertHolder(ctx);
    await this.tolerantly(ctx, node, 'remove', () => client.deleteNode(node.name, { signal }));
  }

  /** A call that may fail: then it is told, and the node goes all the same. */
  private async tolerantly<T>(
    ctx: OperationContext,
    node: NodeEntity,
    verb: string,
    call: () => Promise<T>,
  ): Promise<T | undefined> {
    try {
      return (await this.patiently(ctx, call)) ?? undefined;
    } catch (error) {
      ctx.signal.throwIfAborted();
      if (isNotFound(error)) return undefined;
      const words = error instanceof Error ? error.message : String(error);
      await this.warn(ctx, [node], `node ${node.name} goes though Kubernetes did not ${verb} it: ${words}`);
      return undefined;
    }
  }

  /** Null when the API does not answer for a while. */
  private async patiently<T>(ctx: OperationContext, call: () => Promise<T>): Promise<T | null> {
    const until = Date.now() + Math.min(PATIENCE_MS, this.settings.DRAIN_SECONDS * 1000);
    const wake = new Wake();
    for (;;) {
      try {
        return await call();
      } catch (error) {
        ctx.signal.throwIfAborted();
        if (!isRetryable(error)) throw error;
        if (Date.now() >= until) return null;
        ctx.log.debug({ error: String(error) }, 'the cluster’s API does not answer');
      }
      await wake.wait(AGAIN_MS, ctx.signal);
    }
  }

  private async warn(ctx: OperationContext, nodes: readonly NodeEntity[], message: string): Promise<void> {
    const { cluster, operation } = ctx;
    ctx.log.warn({ nodes: nodes.map((node) => node.name) }, message);
    const event: NewEvent = {
      clusterUuid: cluster.uuid,
      projectId: cluster.projectId,
      operationUuid: operation.uuid,
      nodeUuid: nodes.length === 1 ? (nodes[0]?.uuid ?? null) : null,
      type: 'node.drain',
      level: 'warning',
      message,
      data: { nodes: nodes.map((node) => node.name) },
    };
    await ctx.write((tx) => this.events.add(tx, event));
  }
}

function describe({ remaining }: DrainResult): string {
  const pods = remaining.map((pod) => `${pod.namespace}/${pod.name} (${pod.reason})`);
  return `${pods.length} ${pods.length === 1 ? 'pod' : 'pods'} left on it: ${boundedList(pods)}`;
}

async function inLanes<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const lane = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  const ended = await Promise.allSettled(Array.from({ length: Math.min(LANES, items.length) }, lane));
  const failed = ended.find((one) => one.status === 'rejected');
  if (failed) throw failed.reason;
}
