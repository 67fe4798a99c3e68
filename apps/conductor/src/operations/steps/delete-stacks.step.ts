import { StacksRepository } from '#libs/db';
import { isForbidden, isUnauthorized, type CloudSession } from '#libs/openstack';
import { Stacks, StackFailed } from '#libs/stack';
import { Injectable } from '@nestjs/common';
import { ClusterIdentity } from '../../cloud/cluster-identity.js';
import { awaitedOf } from '../awaited.js';
import type { OperationContext, Step } from '../operation.js';
import { SERVICE } from '../service-scope.js';
import { stackRun } from '../stacks.js';

/** Takes a cluster's stacks away: node groups first and all at once, then what they stood on. */
@Injectable()
export class DeleteStacksStep {
  constructor(
    private readonly engine: Stacks,
    private readonly stacks: StacksRepository,
    private readonly identity: ClusterIdentity,
  ) {}

  readonly nodeGroups: Step = {
    name: 'node-groups',
    run: (ctx) => this.remove(ctx, (stack) => stack.nodeGroupUuid !== null),
  };

  readonly infrastructure: Step = {
    name: 'infrastructure',
    run: (ctx) => this.remove(ctx, (stack) => stack.nodeGroupUuid === null),
  };

  /** The stack of one node group. May be repeated. */
  ofGroup(ctx: OperationContext, nodeGroupUuid: string): Promise<void> {
    return this.remove(ctx, (stack) => stack.nodeGroupUuid === nodeGroupUuid);
  }

  private async remove(ctx: OperationContext, which: (stack: { nodeGroupUuid: string | null }) => boolean): Promise<void> {
    const stacks = (await this.stacks.listOfCluster(SERVICE, ctx.cluster.uuid)).filter(which);
    if (stacks.length === 0) return;
    ctx.awaiting(() => awaitedOf(stacks.map(({ uuid }) => this.engine.state(uuid))));
    const owner = await this.usableOwner(ctx);
    const ended = await Promise.allSettled(stacks.map(({ uuid }) => this.removeOne(ctx, uuid, owner)));
    const failed = ended.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  }

  private async removeOne(ctx: OperationContext, uuid: string, owner: CloudSession | null): Promise<void> {
    const service = this.identity.service();
    if (!owner) return this.engine.delete({ uuid }, stackRun(ctx, service));
    try {
      await this.engine.delete({ uuid }, stackRun(ctx, owner));
    } catch (error) {
      if (!isOwnerGone(error)) throw error;
      ctx.log.warn({ stackId: uuid, error: String(error) }, 'the owner may not any more: removing the stack as the service');
      await this.engine.delete({ uuid }, stackRun(ctx, service));
    }
  }

  /** The owner by the trust, if the trust still works: user, roles and project may have gone. */
  private async usableOwner(ctx: OperationContext): Promise<CloudSession | null> {
    const owner = await this.identity.owner(ctx.cluster);
    if (!owner) return null;
    try {
      await owner.withSignal(ctx.signal).whoAmI();
      return owner;
    } catch (error) {
      if (!isOwnerGone(error)) throw error;
      ctx.log.warn({ error: String(error) }, 'the trust does not work any more: acting as the service');
      return null;
    }
  }
}

/** Whether the cloud refuses who asks, not what is asked. */
function isOwnerGone(error: unknown): boolean {
  if (error instanceof StackFailed) return error.failures.some(({ cause }) => isOwnerGone(cause));
  return isUnauthorized(error) || isForbidden(error);
}
