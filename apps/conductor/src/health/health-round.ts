import type { Settings } from '#libs/config';
import {
  ClusterWorkRepository,
  EventsRepository,
  HealthRepository,
  NodesRepository,
  UnitOfWork,
  type ClusterProgress,
  type HealthNode,
  type NewEvent,
  type ObservedCluster,
  type Tx,
} from '#libs/db';
import { labelInteger } from '#libs/domain';
import { Inject, Injectable } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { AutoHeal, healer } from '../ledger/auto-heal.js';
import { SERVICE } from '../operations/service-scope.js';
import { SETTINGS } from '../tokens.js';
import { brakeHealing } from './healing-brake.js';
import { HealthProbe } from './health-probe.js';
import { judgeHealth, type Look, type UnwellNode, type Verdict } from './judge-health.js';

/** What reasons begin with that were found here: marks by others stay until they are taken back. */
export const HEALTH_MARK = 'health: ';
/** One answer that is lost is no outage: before a change is told, it is asked once more. */
const SURE_MS = 2_000;
/** Repairs that are held back are told once in so many hours. */
const TOLD_HOURS = 1;

export interface Seen {
  readonly look: Look['kind'];
  readonly changed: boolean;
  readonly healed: boolean;
}

/** One look at one cluster, and what follows from it. Writes only what has changed. */
@Injectable()
export class HealthRound {
  constructor(
    private readonly uow: UnitOfWork,
    private readonly health: HealthRepository,
    private readonly clusters: ClusterWorkRepository,
    private readonly nodes: NodesRepository,
    private readonly events: EventsRepository,
    private readonly probe: HealthProbe,
    private readonly heal: AutoHeal,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** @returns null: somebody else speaks for this cluster. @throws what the database said; the signal's reason */
  async run(cluster: ObservedCluster, signal: AbortSignal): Promise<Seen | null> {
    if (healer(cluster.labels) === 'external') return null;
    let look = await this.probe.look(cluster, signal);
    if (look.kind !== 'answers' && cluster.healthStatus !== judgeHealth(cluster, look).status) {
      await sleep(SURE_MS, undefined, { signal });
      look = await this.probe.look(cluster, signal);
    }
    const verdict = judgeHealth(cluster, look);
    const patienceMs =
      1000 * (labelInteger(cluster.labels, 'auto_healing_not_ready_seconds') || this.settings.HEAL_NOT_READY_SECONDS);
    const now = Date.now();
    const overdue = verdict.notReady.filter(({ node }) => node.notReadySince && now - node.notReadySince.getTime() >= patienceMs);
    const changed = await this.write(cluster, verdict, overdue);
    const healed = overdue.length > 0 && !cluster.busy && (await this.mend(cluster, verdict, overdue));
    return { look: look.kind, changed, healed };
  }

  /** @returns whether there was anything to write */
  private async write(cluster: ObservedCluster, verdict: Verdict, overdue: readonly UnwellNode[]): Promise<boolean> {
    const { uuid } = cluster;
    const news = !isSame(cluster, verdict);
    const fallen = verdict.notReady.filter(({ node }) => node.notReadySince === null);
    const back = verdict.ready.filter((node) => node.notReadySince !== null || isMarked(node));
    const marked = overdue.filter(({ node }) => node.unhealthyReason === null);
    if (!news && fallen.length === 0 && back.length === 0 && marked.length === 0) return false;
    await this.uow.run(async (tx) => {
      await this.clusters.lock(tx, uuid);
      if (news) await this.tell(tx, cluster, verdict);
      await this.health.markNotReady(
        tx,
        fallen.map(({ node }) => node.uuid),
      );
      await this.health.markReadyAgain(
        tx,
        back.map((node) => node.uuid),
      );
      for (const { node, words } of marked) {
        const reason = `${HEALTH_MARK}NotReady: ${words}`;
        if (await this.nodes.markUnhealthy(tx, node.uuid, reason, HEALTH_MARK)) {
          await this.events.add(
            tx,
            nodeEvent(cluster, node, 'health.not-ready', 'warning', `node ${node.name} stays NotReady: ${words}`),
          );
        }
      }
      for (const node of back.filter(isMarked)) {
        if (await this.nodes.markHealthy(tx, node.uuid, HEALTH_MARK)) {
          await this.events.add(tx, nodeEvent(cluster, node, 'health.ready', 'info', `node ${node.name} is Ready again`));
        }
      }
    });
    return true;
  }

  private async tell(tx: Tx, cluster: ObservedCluster, { status, reason }: Verdict): Promise<void> {
    const noted = await this.health.note(tx, cluster.uuid, status, reason);
    if (!noted || noted.before === status) return;
    const unwell = Object.entries(reason).filter(([, words]) => words !== 'ok' && words !== 'True');
    const words = unwell.slice(0, 5).map(([name, is]) => `${name}: ${is}`);
    const more = unwell.length > words.length ? ` and ${unwell.length - words.length} more` : '';
    await this.events.add(tx, {
      clusterUuid: cluster.uuid,
      projectId: cluster.projectId,
      type: 'health.changed',
      level: status === 'HEALTHY' ? 'info' : 'warning',
      message: `the cluster is ${status}${words.length > 0 ? ` (${words.join('; ')}${more})` : ''}`,
      data: { healthStatus: status, previous: noted.before },
    });
  }

  /** @returns whether a repair has begun */
  private async mend(cluster: ObservedCluster, { notReady }: Verdict, overdue: readonly UnwellNode[]): Promise<boolean> {
    if (healer(cluster.labels) !== 'service') return false;
    const groups = await this.clusters.groups(SERVICE, cluster.uuid);
    const standing = cluster.nodes.filter((node) => node.ready && !node.leaving);
    const unwell = new Set(notReady.map(({ node }) => node.uuid));
    const { free, held } = brakeHealing(groups, standing, unwell, this.settings.HEAL_MOST_PERCENT);
    if (held !== null) await this.tellHeld(cluster, held);
    const causes = overdue
      .filter(({ node }) => free.has(node.uuid))
      .map(({ node, words }) => ({ nodeUuid: node.uuid, message: `node ${node.name} stays NotReady: ${words}` }));
    return causes.length > 0 && (await this.heal.notReady(cluster.uuid, causes)) !== null;
  }

  private async tellHeld({ uuid, projectId }: ObservedCluster, words: string): Promise<void> {
    await this.uow.run(async (tx) => {
      if (await this.health.wasTold(tx, uuid, 'health.healing-held', TOLD_HOURS)) return;
      const message = `no repair by itself: ${words}`;
      await this.events.add(tx, { clusterUuid: uuid, projectId, type: 'health.healing-held', level: 'warning', message });
    });
  }
}

const isMarked = (node: HealthNode): boolean => node.unhealthyReason?.startsWith(HEALTH_MARK) ?? false;

function isSame(
  { healthStatus, healthStatusReason }: Pick<ClusterProgress, 'healthStatus' | 'healthStatusReason'>,
  { status, reason }: Verdict,
): boolean {
  if (healthStatus !== status || healthStatusReason === undefined) return false;
  const names = Object.keys(reason);
  return (
    names.length === Object.keys(healthStatusReason).length && names.every((name) => healthStatusReason[name] === reason[name])
  );
}

function nodeEvent(
  { uuid, projectId }: ObservedCluster,
  node: HealthNode,
  type: string,
  level: 'info' | 'warning',
  message: string,
): NewEvent {
  return { clusterUuid: uuid, projectId, nodeUuid: node.uuid, type, level, message, data: { node: node.name } };
}
