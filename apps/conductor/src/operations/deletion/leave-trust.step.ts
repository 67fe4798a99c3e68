import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from '#libs/config';
import { isDatabaseAway } from '#libs/db';
import { deletionRequest, Superseded } from '#libs/domain';
import { isRetryable } from '#libs/openstack';
import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../../tokens.js';
import type { OperationContext, Step } from '../operation.js';
import { DeleteTrustStep } from '../steps/delete-trust.step.js';
import { ReportKeeper } from './report-keeper.js';

const AGAIN_MS = 1_000;

/** The trust and the cluster's user, removed; with `force` they are left when Keystone will not, and told in the report. */
@Injectable()
export class LeaveTrustStep implements Step {
  readonly name: string;

  constructor(
    private readonly trust: DeleteTrustStep,
    private readonly reports: ReportKeeper,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {
    this.name = trust.name;
  }

  async run(ctx: OperationContext): Promise<void> {
    if (!deletionRequest(ctx.operation.request).force) return this.trust.run(ctx);
    const until = Date.now() + this.settings.DELETE_PATIENCE_SECONDS * 1000;
    for (;;) {
      try {
        return await this.trust.run(ctx);
      } catch (error) {
        ctx.signal.throwIfAborted();
        if (error instanceof Superseded || isDatabaseAway(error)) throw error;
        if (Date.now() > until || !isRetryable(error)) return this.leave(ctx, error);
        await sleep(AGAIN_MS, undefined, { signal: ctx.signal });
      }
    }
  }

  private async leave(ctx: OperationContext, error: unknown): Promise<void> {
    const { uuid, trustId, trusteeUserId } = ctx.cluster;
    const reason = error instanceof Error ? error.message : String(error);
    const report = await this.reports.load(ctx);
    if (trustId) report.leave({ type: 'trust', id: trustId, name: uuid, reason });
    report.leave({ type: 'user', id: trusteeUserId ?? uuid, name: uuid, reason });
    await this.reports.save(ctx, report);
  }
}
