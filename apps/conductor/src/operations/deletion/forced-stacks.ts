import type { Settings } from '#libs/config';
import { ClusterRemovalRepository } from '#libs/db';
import type { CloudSession } from '#libs/openstack';
import { StackFailed, Stacks, type ResourceFailure } from '#libs/stack';
import { Inject, Injectable } from '@nestjs/common';
import { DeletingSession, isOwnerGone } from '../../cloud/deleting-session.js';
import { SETTINGS } from '../../tokens.js';
import type { OperationContext } from '../operation.js';
import { stackRun } from '../stacks.js';
import { ReportKeeper } from './report-keeper.js';

/** After the first round only what the given-up objects kept from going is tried. */
const LATER_ROUNDS = 5;

/**
 * Removes stacks whose cloud side is half gone: what will not go within the patience is given up, its row forgotten and told
 * in the report; then what stood behind it is tried. Every round forgets something, so it ends.
 */
@Injectable()
export class ForcedStacks {
  private readonly patienceMs: number;
  private writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly stacks: Stacks,
    private readonly rows: ClusterRemovalRepository,
    private readonly sessions: DeletingSession,
    private readonly reports: ReportKeeper,
    @Inject(SETTINGS) settings: Settings,
  ) {
    this.patienceMs = settings.DELETE_PATIENCE_SECONDS * 1000;
  }

  async remove(ctx: OperationContext, stack: { uuid: string; name: string }, first: CloudSession): Promise<void> {
    let cloud = first;
    for (let round = 1; ; round++) {
      try {
        const patienceMs = round === 1 ? this.patienceMs : this.patienceMs / LATER_ROUNDS;
        const deadline = new Date(Math.min(Date.now() + patienceMs, ctx.deadline.getTime()));
        await this.stacks.delete({ uuid: stack.uuid }, { ...stackRun(ctx, cloud), deadline });
        return;
      } catch (error) {
        ctx.signal.throwIfAborted();
        if (!(error instanceof StackFailed)) throw error;
        if (cloud === first && isOwnerGone(error)) cloud = this.sessions.service();
        else await this.oneAtATime(() => this.giveUp(ctx, stack, error.failures));
      }
    }
  }

  /** Stacks that go side by side write the same report. */
  private oneAtATime(work: () => Promise<void>): Promise<void> {
    const done = this.writing.then(work);
    this.writing = done.catch(() => undefined);
    return done;
  }

  private async giveUp(
    ctx: OperationContext,
    stack: { uuid: string; name: string },
    failures: readonly ResourceFailure[],
  ): Promise<void> {
    const report = await this.reports.load(ctx);
    for (const { type, physicalId, physicalName, reason } of failures)
      report.leave({ type, id: physicalId ?? physicalName, name: physicalName, reason });
    ctx.log.warn({ stackId: stack.uuid, left: failures.map(({ reason }) => reason) }, 'giving up what will not go');
    await this.reports.save(ctx, report);
    const names = failures.map(({ physicalName }) => physicalName);
    await ctx.write(async (tx) => {
      // A failure of no resource in particular is one of the whole stack.
      if ((await this.rows.forget(tx, stack.uuid, names)) === 0) await this.rows.forgetStack(tx, stack.uuid);
    });
  }
}
