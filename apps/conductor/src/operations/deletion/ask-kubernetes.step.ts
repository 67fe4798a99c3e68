import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterRemovalRepository, type ReclaimFacts } from '#libs/db';
import { deletionRequest, OperationFailure } from '#libs/domain';
import type { KubernetesMade } from '#libs/openstack';
import { Injectable } from '@nestjs/common';
import { DeletingSession, type ActingAs } from '../../cloud/deleting-session.js';
import { ClusterKube } from '../../kubernetes/cluster-kube.js';
import type { OperationContext, Step } from '../operation.js';
import { assertNetworkMayGo } from './cluster-network.js';
import { KubernetesRemoval } from './kubernetes-removal.js';

/** Asked twice at most, five seconds each: a cluster that is half gone is not waited for. */
const ATTEMPTS = 2;
const PAUSE_MS = 1_000;
const CERTIFICATE_MINUTES = 10;

/**
 * Before anything goes: what shall outlive the cluster, asked while its Kubernetes can still say; and whether the network can
 * go at all. The answer is a row, since the nodes go next.
 */
@Injectable()
export class AskKubernetesStep implements Step {
  readonly name = 'delete-plan';

  constructor(
    private readonly sessions: DeletingSession,
    private readonly removal: KubernetesRemoval,
    private readonly kube: ClusterKube,
    private readonly rows: ClusterRemovalRepository,
  ) {}

  async run(ctx: OperationContext): Promise<void> {
    await this.sessions.use(ctx, (as) => this.look(ctx, as));
  }

  private async look(ctx: OperationContext, as: ActingAs): Promise<void> {
    ctx.awaiting('what Kubernetes has made');
    const { made, plan } = await this.removal.look(ctx, as);
    if (hasAnswersToGive(ctx, made)) await this.ask(ctx);
    const { force } = deletionRequest(ctx.operation.request);
    if (!force) await assertNetworkMayGo(as.session, await this.rows.standing(ctx.cluster.uuid), made, plan, this.name);
  }

  private async ask(ctx: OperationContext): Promise<void> {
    ctx.awaiting('the reclaim policies of its volumes, from Kubernetes');
    const facts = await this.answer(ctx);
    if (facts) await ctx.write((tx) => this.rows.putReclaim(tx, ctx.cluster.uuid, facts));
  }

  /** Null: nobody answers. */
  private async answer(ctx: OperationContext): Promise<ReclaimFacts | null> {
    let kube: Awaited<ReturnType<ClusterKube['connect']>>;
    try {
      kube = await this.kube.connect(ctx.cluster, CERTIFICATE_MINUTES);
    } catch (error) {
      if (error instanceof OperationFailure) return null;
      throw error;
    }
    try {
      for (let attempt = 1; ; attempt++) {
        try {
          return await kube.reclaimFacts({ signal: ctx.signal });
        } catch (error) {
          ctx.signal.throwIfAborted();
          ctx.log.warn({ attempt, error: String(error) }, 'Kubernetes does not say what is to outlive it');
          if (attempt >= ATTEMPTS) return null;
          await sleep(PAUSE_MS, undefined, { signal: ctx.signal });
        }
      }
    } finally {
      await kube.close();
    }
  }
}

function hasAnswersToGive(ctx: OperationContext, made: KubernetesMade): boolean {
  const { keepVolumes, keepLoadBalancers } = deletionRequest(ctx.operation.request);
  const stored = made.volumes.length + made.snapshots.length > 0;
  return (stored && keepVolumes !== true) || (made.floatingIps.length > 0 && !keepLoadBalancers);
}
