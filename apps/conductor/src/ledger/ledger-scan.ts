import {
  EventsRepository,
  LedgerRepository,
  NodesRepository,
  UnitOfWork,
  type Finding,
  type LedgerCluster,
  type LedgerFindingEntity,
  type NewEvent,
  type Tx,
} from '#libs/db';
import { Injectable } from '@nestjs/common';
import { ClusterIdentity } from '../cloud/cluster-identity.js';
import { SERVICE } from '../operations/service-scope.js';
import { readInventory, type Inventory, type Keyed } from './cloud-inventory.js';
import { compareCluster, groupsOfGone, orphansOfGone } from './compare.js';
import { confirmMissing } from './confirm.js';

/** What one look has found. */
export interface ScanReport {
  /** All that is so now. */
  readonly found: readonly Finding[];
  /** Of these, what was not known before. */
  readonly added: readonly LedgerFindingEntity[];
  readonly cleared: readonly Finding[];
  readonly clusters: number;
  /** Clusters on which an operation worked: nothing is said of them. */
  readonly busy: number;
  /** Objects with a key of clusters that this service has never had: another installation's. Left alone. */
  readonly foreign: number;
  readonly lists: number;
}

const BATCH = 200;
const DRIFT: readonly Finding['class'][] = ['missing', 'changed', 'down'];
/** What marks by scans begin with: marks by others stay until they are taken back. */
export const DRIFT_MARK = 'drift: ';

export const isDrift = (finding: Pick<Finding, 'class'>): boolean => DRIFT.includes(finding.class);

/**
 * Compares the ledger with the cloud, for all clusters by the same few lists. What is found is kept, so that each difference is
 * told once, and once more when it has gone; nodes that have lost what they are made of are marked. Changes nothing in the cloud.
 */
@Injectable()
export class LedgerScan {
  constructor(
    private readonly uow: UnitOfWork,
    private readonly ledger: LedgerRepository,
    private readonly nodes: NodesRepository,
    private readonly events: EventsRepository,
    private readonly identity: ClusterIdentity,
  ) {}

  /** @param only a cluster's uuid: the others are not compared; null: all. @throws what the cloud or the database said */
  async run(signal: AbortSignal, only: string | null = null): Promise<ScanReport> {
    const since = await this.ledger.now();
    const service = this.identity.service().withSignal(signal);
    const cloud = await readInventory(service, this.identity.trusteeAdmin(), signal);
    const own = new Map<string, Keyed[]>();
    for (const object of cloud.keyed) own.set(object.clusterUuid, [...(own.get(object.clusterUuid) ?? []), object]);
    const found: Finding[] = [];
    const busy: string[] = [];
    let clusters = 0;
    for await (const cluster of this.clusters(since, only, signal)) {
      const objects = own.get(cluster.uuid) ?? [];
      own.delete(cluster.uuid);
      clusters++;
      if (cluster.busy) busy.push(cluster.uuid);
      else found.push(...compareCluster(cluster, objects, cloud));
    }
    const gone = await this.ledger.gone(SERVICE, only === null ? [...own.keys()] : [only]);
    for (const [uuid, projectId] of gone) found.push(...orphansOfGone(own.get(uuid) ?? [], projectId));
    found.push(...groupsOfGone(cloud, gone));
    const foreign = [...own].filter(([uuid]) => !gone.has(uuid)).reduce((sum, [, objects]) => sum + objects.length, 0);
    const sure = await confirmMissing(found, service);
    const { added, cleared } = await this.keep(sure, cloud, busy, only);
    return { found: sure, added, cleared, clusters, busy: busy.length, foreign: only === null ? foreign : 0, lists: cloud.lists };
  }

  private async *clusters(since: Date, only: string | null, signal: AbortSignal): AsyncGenerator<LedgerCluster> {
    for (let after: string | null = null; ;) {
      signal.throwIfAborted();
      const batch: LedgerCluster[] = await this.ledger.clusters(SERVICE, after, BATCH, since, only);
      yield* batch;
      after = batch.at(-1)?.uuid ?? null;
      if (batch.length < BATCH || after === null) return;
    }
  }

  private keep(
    found: readonly Finding[],
    cloud: Inventory,
    busy: readonly string[],
    only: string | null,
  ): Promise<{ added: LedgerFindingEntity[]; cleared: Finding[] }> {
    return this.uow.run(async (tx) => {
      const { added, cleared } = await this.ledger.sync(tx, found, { kinds: [...cloud.kinds], busy, only });
      await this.events.add(tx, ...added.map(addedEvent), ...cleared.map(clearedEvent));
      await this.mark(tx, found, cleared);
      return { added, cleared };
    });
  }

  private async mark(tx: Tx, found: readonly Finding[], cleared: readonly Finding[]): Promise<void> {
    const unwell = new Map<string, string>();
    for (const { nodeUuid, message } of found) if (nodeUuid) unwell.set(nodeUuid, `${DRIFT_MARK}${message}`);
    for (const [uuid, reason] of unwell) await this.nodes.markUnhealthy(tx, uuid, reason, DRIFT_MARK);
    for (const { nodeUuid } of cleared) {
      if (nodeUuid && !unwell.has(nodeUuid)) await this.nodes.markHealthy(tx, nodeUuid, DRIFT_MARK);
    }
  }
}

function eventOf(finding: Finding, type: string, level: 'info' | 'warning', message: string): NewEvent {
  const { clusterUuid, projectId, nodeUuid, kind, objectId, name } = finding;
  const data = { class: finding.class, resourceType: kind, physicalId: objectId, physicalName: name };
  return { clusterUuid, projectId, nodeUuid, type, level, message, data };
}

const addedEvent = (finding: Finding): NewEvent =>
  eventOf(finding, isDrift(finding) ? `drift.${finding.class}` : `orphan.${finding.class}`, 'warning', finding.message);

const clearedEvent = (finding: Finding): NewEvent =>
  eventOf(
    finding,
    isDrift(finding) ? 'drift.cleared' : 'orphan.cleared',
    'info',
    `${finding.kind} ${finding.name}: what was said of it is so no longer`,
  );
