import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterRemovalRepository } from '#libs/db';
import type { Settings } from '#libs/config';
import { deletionRequest, OperationFailure } from '#libs/domain';
import type { CloudSession } from '#libs/openstack';
import { Inject, Injectable } from '@nestjs/common';
import { DeletingSession, type ActingAs } from '../../cloud/deleting-session.js';
import { SETTINGS } from '../../tokens.js';
import { boundedList } from '../awaited.js';
import type { OperationContext, Step } from '../operation.js';
import { inTheWay, networkOf, obstaclesOn } from './cluster-network.js';
import type { DeletionReport } from './deletion-report.js';
import { KubernetesRemoval, type Pass, type Refusal } from './kubernetes-removal.js';
import { ReportKeeper } from './report-keeper.js';

const FIRST_PAUSE_MS = 250;
const LAST_PAUSE_MS = 2_000;
/** What has been removed lets go of the network within seconds. */
const LET_GO_MS = 30_000;

/**
 * Removes what Kubernetes has made, when the nodes are gone and nobody makes more, and before the network that it stands on.
 * Looks, asks for what can go, looks again, until a look finds nothing: may be begun at any point by anybody.
 */
@Injectable()
export class RemoveKubernetesMadeStep implements Step {
  readonly name = 'kubernetes-objects';
  private readonly patienceMs: number;

  constructor(
    private readonly sessions: DeletingSession,
    private readonly removal: KubernetesRemoval,
    private readonly reports: ReportKeeper,
    private readonly rows: ClusterRemovalRepository,
    @Inject(SETTINGS) settings: Settings,
  ) {
    this.patienceMs = settings.DELETE_PATIENCE_SECONDS * 1000;
  }

  async run(ctx: OperationContext): Promise<void> {
    await this.sessions.use(ctx, (as) => this.remove(ctx, as));
  }

  private async remove(ctx: OperationContext, as: ActingAs): Promise<void> {
    const report = await this.reports.load(ctx);
    try {
      await this.removeAll(ctx, as, report);
    } finally {
      // What is known of the end is told of a failure too; whoever has lost the lease tells nothing.
      if (!ctx.signal.aborted) await this.reports.save(ctx, report);
    }
    await this.awaitEmptyNetwork(ctx, as.session);
  }

  /**
   * One look, for what a program of the cluster had under way when its server went. Never fails.
   * @returns whether there was something, so that looking again says what became of it
   */
  async removeLate(ctx: OperationContext): Promise<boolean> {
    try {
      const report = await this.reports.load(ctx);
      const wasGoing = report.isRemoving;
      const pass = await this.sessions.use(ctx, (as) => this.onePass(ctx, as, report, new Map()));
      if (wasGoing) await this.reports.save(ctx, report);
      return pass.plan.remove.length > 0;
    } catch (error) {
      ctx.log.warn({ error: String(error) }, 'cannot look for what came late');
      return false;
    }
  }

  private async removeAll(ctx: OperationContext, as: ActingAs, report: DeletionReport): Promise<void> {
    const { force } = deletionRequest(ctx.operation.request);
    const kept = new Map<string, string>();
    const since = new Map<string, number>();
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(LAST_PAUSE_MS, pauseMs * 1.5)) {
      const pass = await this.onePass(ctx, as, report, kept);
      for (const [service, error] of pass.unanswered)
        if (this.isLate(since, service)) report.leave({ type: service, id: service, name: service, reason: String(error) });
      const awaited = [...pass.unanswered.keys()].filter((service) => !report.hasLeft(service));
      if (pass.plan.remove.length === 0 && awaited.length === 0) return;
      const stuck = pass.plan.remove.flatMap((object) => {
        const refusal = pass.refusals.get(object.id) ?? { object, words: 'does not go', final: false };
        return this.isLate(since, object.id) || refusal.final ? [refusal] : [];
      });
      if (force) for (const { object, words } of stuck) report.leave({ ...object, reason: words });
      else if (stuck.length === pass.plan.remove.length && stuck[0]) throw this.willNotGo(stuck);
      ctx.awaiting(boundedList([...pass.plan.remove.map(({ type, name, id }) => `${type} ${name || id}`), ...awaited]));
      await sleep(pauseMs, undefined, { signal: ctx.signal });
    }
  }

  private async onePass(ctx: OperationContext, as: ActingAs, report: DeletionReport, kept: Map<string, string>): Promise<Pass> {
    const pass = await this.removal.pass(
      ctx,
      as,
      kept,
      (id) => report.hasLeft(id),
      async (toGo) => {
        if (report.intend(toGo)) await this.reports.save(ctx, report);
      },
    );
    if (pass.unanswered.size === 0) report.settle(new Set(pass.plan.remove.map(({ id }) => id)), pass.plan.keep);
    return pass;
  }

  private isLate(since: Map<string, number>, id: string): boolean {
    const now = Date.now();
    const first = since.get(id) ?? now;
    since.set(id, first);
    return now - first > this.patienceMs;
  }

  private willNotGo(stuck: readonly Refusal[]): OperationFailure {
    const [first] = stuck;
    const names = stuck.map(({ object, words }) => `${object.type} ${object.name || object.id} (${object.id}): ${words}`);
    return new OperationFailure(
      'kubernetes-object-stuck',
      `${this.name}: ${boundedList(names)}`,
      {
        step: this.name,
        object: `${first?.object.type ?? ''} ${first?.object.id ?? ''}`,
        fixableBy: 'operator',
        hint: 'when it can go, delete the cluster again; or delete with force=true, which leaves it there',
      },
      { cause: first?.cause },
    );
  }

  /** @throws OperationFailure naming what stands there and is not the cluster's; with `force` it is left to the network to fail */
  private async awaitEmptyNetwork(ctx: OperationContext, session: CloudSession): Promise<void> {
    if (deletionRequest(ctx.operation.request).force) return;
    const standing = await this.rows.standing(ctx.cluster.uuid);
    const until = Date.now() + Math.min(LET_GO_MS, this.patienceMs);
    for (;;) {
      const obstacles = await obstaclesOn(session, standing);
      if (obstacles.length === 0) return;
      if (Date.now() > until) throw inTheWay(networkOf(standing)?.physicalName ?? '', obstacles, this.name);
      ctx.awaiting(boundedList(obstacles.map(({ type, name, id }) => `${type} ${name || id}`)));
      await sleep(LAST_PAUSE_MS / 4, undefined, { signal: ctx.signal });
    }
  }
}
