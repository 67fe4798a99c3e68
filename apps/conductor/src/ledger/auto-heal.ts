import { randomUUID } from 'node:crypto';
import type { Settings } from '#libs/config';
import {
  ClusterWorkRepository,
  EventsRepository,
  LedgerRepository,
  OperationsRepository,
  Signals,
  UnitOfWork,
  type Finding,
  type LedgerCluster,
  type Tx,
} from '#libs/db';
import { allowsChange, DRIVER_FEATURES, driverFor, labelSwitch, labelText } from '#libs/domain';
import { OperationQueue } from '#libs/jobs';
import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { SERVICE } from '../operations/service-scope.js';
import { LOGGER, SETTINGS } from '../tokens.js';
import { chooseNodes, pauseMs } from './heal-plan.js';
import { isDrift, type ScanReport } from './ledger-scan.js';

/** Of repairs that nobody has asked for. */
export const AUTO_HEALING = 'auto-healing';

/** Something that a repair is to mend. */
export type Cause = Pick<Finding, 'nodeUuid' | 'message'>;

/** What heals a cluster: us, somebody else by Magnum's API, or nobody. */
export function healer(labels: Readonly<Record<string, string>>): 'service' | 'external' | null {
  if (!labelSwitch(labels, 'auto_healing_enabled')) return null;
  return labelText(labels, 'auto_healing_controller') === MAGNUM_AUTO_HEALER ? 'external' : 'service';
}

const MAGNUM_AUTO_HEALER = 'magnum-auto-healer';
/** Repairs for nodes that were not Ready count so long: whatever kills new nodes too is not fed for ever. */
const REMEMBERED_HOURS = 6;

/**
 * Clusters with the label `auto_healing_enabled` are repaired when two looks at the cloud in a row have found the same, or a node
 * has been NotReady for long: some of their nodes at a time, never beside another operation, and later and later when it does
 * not help.
 */
@Injectable()
export class AutoHeal {
  constructor(
    private readonly uow: UnitOfWork,
    private readonly ledger: LedgerRepository,
    private readonly clusters: ClusterWorkRepository,
    private readonly operations: OperationsRepository,
    private readonly events: EventsRepository,
    private readonly signals: Signals,
    private readonly queue: OperationQueue,
    @Inject(SETTINGS) private readonly settings: Settings,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /** @returns uuids of the operations that were inserted */
  async run(report: Pick<ScanReport, 'found' | 'added'>): Promise<string[]> {
    const news = new Set(report.added.map(keyOf));
    const known = report.found.filter((finding) => isDrift(finding) && !news.has(keyOf(finding)));
    const inserted: string[] = [];
    for (const uuid of new Set(known.map((finding) => finding.clusterUuid))) {
      const operation = await this.heal(
        uuid,
        known.filter((finding) => finding.clusterUuid === uuid),
      );
      if (operation) inserted.push(operation);
    }
    return inserted;
  }

  /** @param causes nodes that have not been Ready for too long @returns the operation's uuid; null: not now */
  async notReady(uuid: string, causes: readonly Cause[]): Promise<string | null> {
    return this.heal(uuid, causes, REMEMBERED_HOURS);
  }

  private async heal(uuid: string, findings: readonly Cause[], hours: number | null = null): Promise<string | null> {
    const [cluster] = await this.ledger.clusters(SERVICE, null, 1, new Date(), uuid);
    if (!cluster || cluster.busy || healer(cluster.labels) !== 'service') return null;
    const operation = await this.uow.run((tx) => this.insert(tx, cluster, findings, hours));
    if (operation) {
      this.log.info({ clusterUuid: uuid, operationId: operation, findings: findings.length }, 'healing a cluster');
      await this.queue.add(operation);
    }
    return operation;
  }

  private async insert(
    tx: Tx,
    { uuid, nodes }: LedgerCluster,
    findings: readonly Cause[],
    hours: number | null,
  ): Promise<string | null> {
    const cluster = await this.clusters.locked(tx, uuid);
    if (!cluster || !allowsChange('repair', cluster.status)) return null;
    if (await this.ledger.isBusy(tx, uuid)) return null;
    if (!(await this.canRepair(cluster.clusterTemplateUuid))) return null;
    const { repairs, sinceMs } = await this.ledger.healings(tx, uuid, AUTO_HEALING, hours);
    if (sinceMs < pauseMs(repairs)) return null;
    const groups = (await this.clusters.allGroups(tx, uuid)).filter(({ status }) => !status.startsWith('DELETE_'));
    const unwell = new Set(findings.flatMap(({ nodeUuid }) => nodeUuid ?? []));
    const nodeUuids = chooseNodes(groups, nodes, unwell);
    const infrastructure = findings.some(({ nodeUuid }) => nodeUuid === null);
    if (nodeUuids.length === 0 && !infrastructure) return null;
    const chosen = new Set(nodes.filter((node) => nodeUuids.includes(node.uuid)).map((node) => node.nodeGroupUuid));
    for (const group of chosen) await this.clusters.setGroup(tx, group, { status: 'UPDATE_IN_PROGRESS', statusReason: null });
    await this.clusters.set(tx, uuid, { status: 'UPDATE_IN_PROGRESS', statusReason: null });
    const operation = randomUUID();
    await this.operations.insert(tx, {
      uuid: operation,
      clusterUuid: uuid,
      projectId: cluster.projectId,
      userId: cluster.userId,
      requestId: `auto-healing-${operation}`,
      kind: 'repair',
      request: {
        nodeGroupUuid: chosen.size === 1 ? [...chosen][0] : null,
        nodeUuids,
        infrastructureOnly: nodeUuids.length === 0,
        reason: AUTO_HEALING,
      },
      deadlineMinutes: cluster.createTimeout || this.settings.DEFAULT_CREATE_TIMEOUT_MINUTES,
    });
    await this.events.add(tx, {
      clusterUuid: uuid,
      projectId: cluster.projectId,
      operationUuid: operation,
      type: 'operation.accepted',
      message: `auto-healing: ${findings[0]?.message ?? ''}${findings.length > 1 ? ` (and ${findings.length - 1} more)` : ''}`,
      data: { kind: 'repair', reason: AUTO_HEALING },
    });
    await this.signals.notify(tx, 'operations', uuid);
    return operation;
  }

  private async canRepair(clusterTemplateUuid: string): Promise<boolean> {
    const { serverType, clusterDistro, coe } = await this.clusters.template({ clusterTemplateUuid });
    return DRIVER_FEATURES[driverFor({ serverType, distro: clusterDistro ?? '', coe })]?.repair ?? false;
  }
}

const keyOf = ({ class: one, kind, objectId }: Pick<Finding, 'class' | 'kind' | 'objectId'>): string =>
  `${one} ${kind} ${objectId}`;
