import type { Database } from '#libs/db';
import { counted, holdingsOf, shortName, type Holding } from './holdings.js';
import type { Lane } from './lane.js';
import { outcomeOf, type FaultName, type Strike } from './faults.js';
import { NONE, type Scenario } from './scenarios/scenario.js';

/** What a run has shown. Empty lists are what is wanted. */
export interface Finding {
  /** The operation has come to an end, and not by its time limit. */
  readonly ended: boolean;
  readonly complete: boolean;
  readonly orphans: readonly string[];
  readonly duplicates: readonly string[];
  readonly wrongStatus: readonly string[];
  readonly missingReason: readonly string[];
}

/** What a state looks like after an undisturbed operation: counted objects of the cloud, and nodes. */
export interface Look {
  readonly objects: Readonly<Record<string, number>>;
  readonly nodes: number;
  readonly groups: number;
}

export interface OperationRow {
  readonly uuid: string;
  readonly kind: string;
  readonly status: string;
  readonly attempts: number;
  readonly error: { readonly code?: string; readonly message?: string; readonly step?: string } | null;
}

interface ClusterRow {
  readonly status: string;
  readonly status_reason: string | null;
  readonly trustee_user_id: string | null;
  readonly trust_id: string | null;
}

/** How the cluster stands now. */
export async function lookAt(lane: Lane): Promise<Look> {
  const [row]: { nodes: number; groups: number }[] = await lane.site.database.query(
    `SELECT (SELECT count(*)::int FROM nodes WHERE cluster_uuid = $1) AS nodes,
            (SELECT count(*)::int FROM node_groups WHERE cluster_uuid = $1) AS groups`,
    [lane.cluster],
  );
  return { objects: counted(holdingsOf(lane, [lane.cluster])), nodes: row?.nodes ?? 0, groups: row?.groups ?? 0 };
}

/** @param expected undefined: nobody knows yet how it shall look */
export async function check(
  lane: Lane,
  scenario: Scenario,
  operation: OperationRow | null,
  expected: Look | undefined,
  strikes: readonly Strike[],
  statusBefore: string | null,
): Promise<Finding> {
  const duplicates = lane.sandbox.duplicates.list(lane.projectId).map(({ kind, name }) => `${kind} ${shortName(name)}`);
  lane.sandbox.duplicates.clear(lane.projectId);
  const code = operation?.error?.code;
  const ended = operation !== null && !['pending', 'running'].includes(operation.status) && code !== 'operation-timeout';
  const complete = operation?.status === 'complete';
  const wrong: string[] = [];
  const missingReason: string[] = [];
  const cluster = await clusterRow(lane);
  const told = isTold(strikes, operation?.error?.message ?? '');
  const end = complete ? scenario.ends.complete : scenario.ends.failed;
  const wanted = end === 'as before' ? statusBefore : end;
  if ((cluster?.status ?? null) !== wanted) wrong.push(`the cluster is ${cluster?.status ?? 'gone'}, not ${wanted ?? 'gone'}`);
  if (!complete && !told) {
    const reason = operation?.error?.message ?? cluster?.status_reason;
    wrong.push(`the operation is ${operation?.status}: ${reason}`);
  }
  let orphans: string[] = [];
  if (complete) {
    const look = await lookAt(lane);
    if (expected) ({ orphans } = compare(look, expected, wrong));
    else if (scenario.to === NONE) orphans = kinds(look.objects);
    wrong.push(...(await unfinished(lane, scenario)));
  } else if (cluster) {
    if (end !== 'as before' && !cluster.status_reason) missingReason.push('the cluster has no status_reason');
    for (const field of ['code', 'message', 'step'] as const)
      if (!operation?.error?.[field]) missingReason.push(`the operation's error has no ${field}`);
    orphans = await unowned(lane.site.database, lane, cluster);
  }
  if (cluster === null) orphans.push(...(await leftRows(lane)));
  return { ended, complete, orphans, duplicates, wrongStatus: wrong, missingReason };
}

/** Whether it may have failed: by any of the faults, or, where others must be survived, in the words of those that may end it. */
function isTold(strikes: readonly Strike[], reason: string): boolean {
  const ending = strikes.filter((strike) => outcomeOf(strike) === 'told');
  if (ending.length === strikes.length) return strikes.length > 0;
  return ending.some(({ fault }) => ENDING_WORDS[fault]?.test(reason) === true);
}

/** What a reason has of them. A 401 that no login mends is told by the step that meets it. */
const ENDING_WORDS: Readonly<Partial<Record<FaultName, RegExp>>> = {
  '401': /token of the request|: identity: /,
  '404': /Simulated: it could not be found|: the [a-z ]+ is gone/,
  '409': /Simulated: it is not in a state for that/,
};

function compare(look: Look, expected: Look, wrong: string[]): { orphans: string[] } {
  const orphans: string[] = [];
  for (const kind of new Set([...Object.keys(look.objects), ...Object.keys(expected.objects)])) {
    const [is, shall] = [look.objects[kind] ?? 0, expected.objects[kind] ?? 0];
    if (is > shall) orphans.push(`${is - shall} ${kind} too many`);
    if (is < shall) wrong.push(`COMPLETE with ${shall - is} ${kind} missing`);
  }
  if (look.nodes !== expected.nodes) wrong.push(`${look.nodes} rows of nodes, not ${expected.nodes}`);
  if (look.groups !== expected.groups) wrong.push(`${look.groups} rows of node groups, not ${expected.groups}`);
  return { orphans };
}

const kinds = (objects: Readonly<Record<string, number>>): string[] =>
  Object.entries(objects).map(([kind, count]) => `${count} ${kind}`);

/** Rows of a cluster whose operation is complete that say otherwise. */
async function unfinished(lane: Lane, scenario: Scenario): Promise<string[]> {
  const rows: { what: string }[] = await lane.site.database.query(
    `SELECT 'node group ' || name || ' is ' || status AS what FROM node_groups
       WHERE cluster_uuid = $1 AND status NOT LIKE '%_COMPLETE'
     UNION ALL SELECT 'stack ' || name || ' is ' || action || '_' || status FROM stacks
       WHERE cluster_uuid = $1 AND status <> 'COMPLETE'
     UNION ALL SELECT 'resource ' || r.name || ' is ' || r.action || '_' || r.status FROM stack_resources r
       JOIN stacks s ON s.uuid = r.stack_uuid WHERE s.cluster_uuid = $1 AND r.status <> 'COMPLETE'
     UNION ALL SELECT 'node ' || name || ' is not Ready' FROM nodes WHERE cluster_uuid = $1 AND ready_at IS NULL
     UNION ALL SELECT 'node ' || name || ' is leaving' FROM nodes WHERE cluster_uuid = $1 AND leaving_since IS NOT NULL`,
    [lane.cluster],
  );
  const found = rows.map(({ what }) => what);
  if (scenario.ends.complete === null) return found;
  const identity = holdingsOf(lane, [lane.cluster]);
  const cluster = await clusterRow(lane);
  for (const [kind, id] of [
    ['users', cluster?.trustee_user_id],
    ['trusts', cluster?.trust_id],
  ] as const)
    if (!identity.some((one) => one.kind === kind && one.id === id)) found.push(`the cluster's row names none of the ${kind}`);
  return found;
}

/** Objects that no row knows: neither by id nor by the name that was written down before the call. */
async function unowned(database: Database, lane: Lane, cluster: ClusterRow): Promise<string[]> {
  const rows: { id: string | null; name: string; uuid: string }[] = await database.query(
    `SELECT r.physical_id AS id, r.physical_name AS name, r.uuid FROM stack_resources r JOIN stacks s ON s.uuid = r.stack_uuid
     WHERE s.cluster_uuid = $1`,
    [lane.cluster],
  );
  const known = new Set([...rows.flatMap(({ id, name }) => [id, name]), cluster.trust_id, cluster.trustee_user_id]);
  const ours = (one: Holding): boolean =>
    known.has(one.id) ||
    known.has(one.name) ||
    known.has(one.name.replace(/^octavia-lb-/, '')) ||
    one.name === '' ||
    one.name.startsWith(lane.cluster) ||
    one.kind === 'trusts';
  return holdingsOf(lane, [lane.cluster])
    .filter((one) => !ours(one))
    .map((one) => `${one.kind} ${one.shortName}`);
}

/** What a cluster that is gone must not leave in our own tables. */
async function leftRows(lane: Lane): Promise<string[]> {
  const rows: { what: string }[] = await lane.site.database.query(
    `SELECT 'row of stack ' || name AS what FROM stacks WHERE cluster_uuid = $1
     UNION ALL SELECT 'row of node ' || name FROM nodes WHERE cluster_uuid = $1
     UNION ALL SELECT 'secret ' || purpose FROM sealed_secrets WHERE owner_kind = 'cluster' AND owner_uuid = $1
     UNION ALL SELECT 'secret ' || purpose || ' of an operation' FROM sealed_secrets s JOIN operations o ON o.uuid = s.owner_uuid
       WHERE s.owner_kind = 'operation' AND o.cluster_uuid = $1`,
    [lane.cluster],
  );
  return rows.map(({ what }) => what);
}

export async function clusterRow(lane: Lane): Promise<ClusterRow | null> {
  const [row]: ClusterRow[] = await lane.site.database.query(
    'SELECT status, status_reason, trustee_user_id, trust_id FROM clusters WHERE uuid = $1',
    [lane.cluster],
  );
  return row ?? null;
}
