import type { LedgerFindingEntity } from '#libs/db';
import type { Cleaned } from './clean-orphans.js';
import type { ScanReport } from './ledger-scan.js';

/** For people: a line for each difference, and one for the whole. */
export function findingLines(findings: readonly LedgerFindingEntity[], report: ScanReport): string[] {
  return [...findings.map((one) => `${one.class.padEnd(9)} ${line(one)}  ${one.message}`), summary(findings.length, report)];
}

export function cleanedLines(cleaned: readonly Cleaned[]): string[] {
  if (cleaned.length === 0) return ['nothing to clean'];
  return cleaned.map(({ finding, outcome, why }) => `${outcome.padEnd(7)} ${line(finding)}${why ? `  ${why}` : ''}`);
}

/** For programs. */
export function jsonOf(findings: readonly LedgerFindingEntity[], report: ScanReport, cleaned: readonly Cleaned[]): object {
  const { clusters, busy, foreign, lists } = report;
  return {
    clusters,
    busy,
    foreign,
    lists,
    findings: findings.map(viewOf),
    cleaned: cleaned.map(({ finding, outcome, why }) => ({ ...viewOf(finding), outcome, why: why ?? null })),
  };
}

const viewOf = (one: LedgerFindingEntity): object => ({
  class: one.class,
  kind: one.kind,
  object_id: one.objectId,
  name: one.name,
  cluster_uuid: one.clusterUuid,
  project_id: one.projectId,
  resource_uuid: one.resourceUuid,
  node_uuid: one.nodeUuid,
  message: one.message,
  first_seen_at: one.firstSeenAt.toISOString(),
  last_seen_at: one.lastSeenAt.toISOString(),
});

const line = ({ kind, objectId, name, clusterUuid }: LedgerFindingEntity): string =>
  `${kind} ${objectId} (${name}) cluster ${clusterUuid}`;

const summary = (count: number, { clusters, busy, foreign, lists }: ScanReport): string =>
  `${count} differences in ${clusters} clusters (${busy} with work going on left out), ${lists} lists read` +
  (foreign > 0 ? `; ${foreign} objects are of clusters that this service does not know: left alone` : '');
