import { ClusterRemovalRepository, StacksRepository, type StackSummary } from '#libs/db';
import { deletionRequest } from '#libs/domain';
import { isRetryable, type CloudSession } from '#libs/openstack';
import { Stacks } from '#libs/stack';
import { Injectable } from '@nestjs/common';
import { DeletingSession, isOwnerGone } from '../../cloud/deleting-session.js';
import { awaitedOf } from '../awaited.js';
import { ForcedStacks } from '../deletion/forced-stacks.js';
import { networkOf } from '../deletion/cluster-network.js';
import { RemoveKubernetesMadeStep } from '../deletion/remove-kubernetes-made.step.js';
import type { OperationContext, Step } from '../operation.js';
import { SERVICE } from '../service-scope.js';
import { stackRun } from '../stacks.js';

/** How often what came late is looked for while the network will not go. */
const LATE_MS = 5_000;

/** Takes a cluster's stacks away: node groups first and all at once, then what they stood on. */
@Injectable()
export class DeleteStacksStep {
  constructor(
    private readonly engine: Stacks,
    private readonly stacks: StacksRepository,
    private readonly rows: ClusterRemovalRepository,
    private readonly sessions: DeletingSession,
    private readonly forced: ForcedStacks,
    private readonly made: RemoveKubernetesMadeStep,
  ) {}

  readonly nodeGroups: Step = {
    name: 'node-groups',
    run: (ctx) => this.remove(ctx, (stack) => stack.nodeGroupUuid !== null),
  };

  readonly infrastructure: Step = {
    name: 'infrastructure',
    run: (ctx) => this.removeInfrastructure(ctx),
  };

  /** The stack of one node group. May be repeated. */
  ofGroup(ctx: OperationContext, nodeGroupUuid: string): Promise<void> {
    return this.remove(ctx, (stack) => stack.nodeGroupUuid === nodeGroupUuid);
  }

  /** What a program of the cluster had asked for when its server went may come to stand on the network now. */
  private async removeInfrastructure(ctx: OperationContext): Promise<void> {
    const ownsNetwork = networkOf(await this.rows.standing(ctx.cluster.uuid)) !== undefined;
    let looking = Promise.resolve(false);
    let busy = false;
    let found = false;
    const look = (): void => {
      if (busy) return;
      busy = true;
      looking = this.made.removeLate(ctx).finally(() => (busy = false));
      void looking.then((some) => (found ||= some));
    };
    const timer = ownsNetwork ? setInterval(look, LATE_MS) : undefined;
    try {
      await this.remove(ctx, (stack) => stack.nodeGroupUuid === null);
    } finally {
      clearInterval(timer);
      await looking;
    }
    if (found) await this.made.removeLate(ctx);
  }

  private async remove(ctx: OperationContext, which: (stack: StackSummary) => boolean): Promise<void> {
    const stacks = (await this.stacks.listOfCluster(SERVICE, ctx.cluster.uuid)).filter(which);
    if (stacks.length === 0) return;
    ctx.awaiting(() => awaitedOf(stacks.map(({ uuid }) => this.engine.state(uuid))));
    const force = ctx.operation.kind === 'delete' && deletionRequest(ctx.operation.request).force;
    const owner = await this.owner(ctx, force);
    const ended = await Promise.allSettled(
      stacks.map(({ uuid, name }) =>
        force ? this.forced.remove(ctx, { uuid, name }, owner ?? this.sessions.service()) : this.removeOne(ctx, uuid, owner),
      ),
    );
    const failed = ended.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  }

  /** With `force`, a Keystone that says nothing of the owner is not waited for. */
  private async owner(ctx: OperationContext, force: boolean): Promise<CloudSession | null> {
    try {
      return await this.sessions.owner(ctx);
    } catch (error) {
      if (!force || !isRetryable(error)) throw error;
      return null;
    }
  }

  private async removeOne(ctx: OperationContext, uuid: string, owner: CloudSession | null): Promise<void> {
    const service = this.sessions.service();
    if (!owner) return this.engine.delete({ uuid }, stackRun(ctx, service));
    try {
      await this.engine.delete({ uuid }, stackRun(ctx, owner));
    } catch (error) {
      if (!isOwnerGone(error)) throw error;
      ctx.log.warn({ stackId: uuid, error: String(error) }, 'the owner may not any more: removing the stack as the service');
      await this.engine.delete({ uuid }, stackRun(ctx, service));
    }
  }
}
