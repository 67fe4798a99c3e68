import { QUOTA_RESOURCE, Superseded } from '#libs/domain';
import type { DataSource } from 'typeorm';
import type { ClusterEntity } from './entities/index.js';
import type { NewEvent } from './events.repository.js';
import { Grouped } from './grouped.js';
import type { NewNodeGroup } from './node-groups.repository.js';
import type { NewOperation } from './operations.repository.js';
import { requestWork } from './request-work.js';
import type { QuotaUse } from './quotas.repository.js';
import type { SealedSecret } from './secret-store.js';
import { isDatabaseAway } from './unit-of-work.js';

export type NewCluster = Pick<
  ClusterEntity,
  | 'uuid'
  | 'projectId'
  | 'userId'
  | 'name'
  | 'clusterTemplateUuid'
  | 'keypair'
  | 'dockerVolumeSize'
  | 'labels'
  | 'masterFlavorId'
  | 'flavorId'
  | 'createTimeout'
  | 'discoveryUrl'
  | 'fixedNetwork'
  | 'fixedSubnet'
  | 'floatingIpEnabled'
  | 'masterLbEnabled'
  | 'status'
>;

/** All that a new cluster begins with. */
export interface ClusterBirth {
  readonly cluster: NewCluster;
  /** In their order. */
  readonly groups: readonly NewNodeGroup[];
  readonly operation: NewOperation;
  readonly secret: SealedSecret;
  readonly event: NewEvent;
}

/** Stores new clusters: the busiest write of the API. */
export class ClusterCreationRepository {
  private readonly births: Grouped<Wanted, QuotaUse>;

  constructor(private readonly source: DataSource) {
    this.births = new Grouped((wanted) => this.insertAll(wanted));
  }

  /**
   * Stores everything and nudges the conductors, if there is room; all or nothing. The project's creates pass one after the
   * other, so two cannot take one place. A transaction of its own in one round trip: the lock is held only while the
   * server works, not while messages travel. Creates that come together share it: at a hundred a second the lock would
   * else be held, one after the other, for a hundred waits for the disk.
   * @param fallback the limit of a project without a quota
   * @returns what was there before; nothing was stored when `used` has reached `limit`
   * @throws Superseded another run of the request has its `Idempotency-Key` by now
   */
  async insert(birth: ClusterBirth, fallback: number): Promise<QuotaUse> {
    const { claim } = requestWork.getStore() ?? {};
    return this.births.run({ birth, fallback, claim });
  }

  private async insertAll(wanted: readonly Wanted[]): Promise<(QuotaUse | Promise<QuotaUse>)[]> {
    try {
      return await this.insertTogether(wanted);
    } catch (error) {
      if (wanted.length === 1 || isDatabaseAway(error)) throw error;
      // Nothing was stored. One of them cannot be (its template has gone): it fails alone.
      return wanted.map(async (one) => (await this.insertTogether([one]))[0] as QuotaUse | Promise<QuotaUse>);
    }
  }

  private async insertTogether(wanted: readonly Wanted[]): Promise<(QuotaUse | Promise<QuotaUse>)[]> {
    const runner = this.source.createQueryRunner();
    const client = (await runner.connect()) as PlainClient;
    try {
      // Statements of one simple query are one transaction, and each sees those before it and what was committed before it began.
      const results = await client.query(statements(wanted, (text) => client.escapeLiteral(text)));
      return results.slice(-wanted.length).map(({ rows }, index) => {
        const [row] = rows as { used: string; limit: number; born: string }[];
        const use = { used: Number(row?.used), limit: row?.limit ?? wanted[index]?.fallback ?? 0 };
        return use.used < use.limit && row?.born === '0' ? takenOver() : use;
      });
    } finally {
      await runner.release();
    }
  }
}

const takenOver = (): Promise<never> =>
  Promise.reject(new Superseded('Another run of this request with the same Idempotency-Key has taken over.'));

interface Wanted {
  readonly birth: ClusterBirth;
  readonly fallback: number;
  /** Of the request's `Idempotency-Key`. */
  readonly claim: string | undefined;
}

/** The driver's own client: several statements at once. */
interface PlainClient {
  query(statements: string): Promise<{ rows: unknown[] }[]>;
  escapeLiteral(text: string): string;
}

/**
 * The locks of the projects, always in the same order; then an insert for each that looks at what is there. Parameters are
 * not possible here: every value goes through `quote`.
 */
function statements(wanted: readonly Wanted[], quote: (text: string) => string): string {
  const projects = [...new Set(wanted.map(({ birth }) => birth.cluster.projectId))].sort();
  return [
    ...projects.map((project) => `SELECT pg_advisory_xact_lock(hashtextextended('quota:' || ${quote(project)}, 0))`),
    ...wanted.map((one) => statement(one, quote)),
  ].join(';\n');
}

function statement({ birth, fallback, claim }: Wanted, quote: (text: string) => string): string {
  const { cluster, groups, operation, event, secret } = birth;
  const { owner, purpose, keyId, sealed } = secret;
  const rows = {
    cluster: columns(cluster),
    groups: groups.map((group) => columns(group)),
    operation: columns(operation),
    event: columns({ level: 'info', data: {}, operationUuid: null, ...event }),
    secret: { owner_kind: owner.kind, owner_uuid: owner.uuid, purpose, key_id: keyId, sealed: sealed.toString('base64') },
  };
  return insert(
    quote(JSON.stringify(rows)),
    quote(cluster.projectId),
    quote(QUOTA_RESOURCE),
    quote(String(fallback)),
    claim === undefined ? 'NULL' : quote(claim),
  );
}

/** `projectId` -> `project_id`, of a whole row. */
function columns(row: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), value]),
  );
}

const CLUSTER = `uuid, project_id, user_id, name, cluster_template_uuid, keypair, docker_volume_size, labels, master_flavor_id,
  flavor_id, create_timeout, discovery_url, fixed_network, fixed_subnet, floating_ip_enabled, master_lb_enabled, status`;
const GROUP = `uuid, cluster_uuid, project_id, name, role, is_default, flavor_id, image_id, docker_volume_size, labels, node_count,
  min_node_count, max_node_count, node_labels, node_taints, status`;
const OPERATION = 'uuid, cluster_uuid, project_id, user_id, request_id, kind, request';
const DEADLINE = `now() + (rows #>> '{operation,deadline_minutes}')::double precision * interval '1 minute'`;
const EVENT = 'cluster_uuid, project_id, operation_uuid, type, level, message, data';

/**
 * Arguments are quoted literals. Everything hangs on `born`, which is empty when there is no room. The job of the operation
 * follows the commit, hence `sent_at`. A claim that somebody else has taken over makes nothing: what he has made may be
 * deleted by now, and would come back. Its row is locked, so that it cannot be taken over meanwhile.
 */
const insert = (rows: string, project: string, resource: string, fallback: string, claim: string): string => `
  WITH input AS MATERIALIZED (SELECT ${rows}::jsonb AS rows),
  quota AS (
    SELECT coalesce((SELECT hard_limit FROM quotas WHERE project_id = ${project} AND resource = ${resource}), ${fallback}::integer)
      AS "limit"),
  room AS (
    SELECT quota."limit", (
      SELECT count(*) FROM (SELECT 1 FROM clusters WHERE project_id = ${project} LIMIT (SELECT "limit" FROM quota)) counted) AS used
    FROM quota),
  claimed AS MATERIALIZED (
    SELECT 1 FROM idempotency_keys WHERE claim = ${claim}::uuid AND status IS NULL FOR UPDATE),
  born AS (
    INSERT INTO clusters (${CLUSTER})
    SELECT ${CLUSTER} FROM input, jsonb_populate_record(null::clusters, rows -> 'cluster')
    WHERE (SELECT used < "limit" FROM room) AND (${claim}::uuid IS NULL OR EXISTS (SELECT 1 FROM claimed))
    RETURNING uuid AS born_uuid),
  its_groups AS (
    INSERT INTO node_groups (${GROUP})
    SELECT ${GROUP} FROM born, input, jsonb_populate_recordset(null::node_groups, rows -> 'groups')),
  its_operation AS (
    INSERT INTO operations (${OPERATION}, deadline_at, sent_at)
    SELECT ${OPERATION}, ${DEADLINE}, now() FROM born, input, jsonb_populate_record(null::operations, rows -> 'operation')),
  its_secret AS (
    INSERT INTO sealed_secrets (owner_kind, owner_uuid, purpose, key_id, sealed)
    SELECT owner_kind, owner_uuid, purpose, key_id, decode(sealed, 'base64') FROM born, input, jsonb_to_record(rows -> 'secret')
      AS secret (owner_kind text, owner_uuid uuid, purpose text, key_id text, sealed text)),
  its_event AS (
    INSERT INTO events (${EVENT})
    SELECT ${EVENT} FROM born, input, jsonb_populate_record(null::events, rows -> 'event')),
  marked AS (
    UPDATE idempotency_keys SET done = jsonb_build_object('cluster', born_uuid) FROM born
    WHERE claim = ${claim}::uuid AND status IS NULL),
  nudge AS (SELECT pg_notify('jeroboam_operations', born_uuid::text) FROM born)
  SELECT used, "limit", (SELECT count(*) FROM nudge) AS born FROM room`;
