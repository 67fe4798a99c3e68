import { QUOTA_RESOURCE } from '#libs/domain';
import type { QueryRunner } from 'typeorm';
import type { ClusterEntity } from './entities/index.js';
import type { NewEvent } from './events.repository.js';
import type { NewNodeGroup } from './node-groups.repository.js';
import type { NewOperation } from './operations.repository.js';
import type { QuotaUse } from './quotas.repository.js';
import type { SealedSecret } from './secret-store.js';
import type { Tx } from './unit-of-work.js';

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

/** Stores new clusters: the busiest write of the API, so it is one statement after one lock. */
export class ClusterCreationRepository {
  /**
   * Stores everything and nudges the conductors, if there is room. The project's creates pass one after the other, so two
   * cannot take one place.
   * @param fallback the limit of a project without a quota
   * @returns what was there before; nothing was stored when `used` has reached `limit`
   */
  async insert(tx: Tx, birth: ClusterBirth, fallback: number): Promise<QuotaUse> {
    const { projectId } = birth.cluster;
    const runner = tx.manager.queryRunner as QueryRunner;
    const client = (await runner.connect()) as PreparingClient;
    await client.query({ name: 'lock-project-quota', text: LOCK, values: [projectId] });
    const { cluster, groups, operation, event, secret } = birth;
    const document = JSON.stringify({
      cluster: columns(cluster),
      groups: groups.map((group) => columns(group)),
      operation: columns(operation),
      event: columns({ level: 'info', data: {}, operationUuid: null, ...event }),
    });
    const { owner, purpose, keyId, sealed } = secret;
    const { rows } = await client.query({
      name: 'insert-cluster',
      text: INSERT,
      values: [document, projectId, QUOTA_RESOURCE, fallback, owner.kind, owner.uuid, purpose, keyId, sealed],
    });
    const [row] = rows as { used: string; limit: number }[];
    return { used: Number(row?.used), limit: row?.limit ?? fallback };
  }
}

/** The driver's own client: it alone can use a statement that the server has planned before. */
interface PreparingClient {
  query(query: { name: string; text: string; values: unknown[] }): Promise<{ rows: unknown[] }>;
}

/** `projectId` -> `project_id`, of a whole row. */
function columns(row: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), value]),
  );
}

const LOCK = `SELECT pg_advisory_xact_lock(hashtextextended('quota:' || $1, 0))`;

const CLUSTER = `uuid, project_id, user_id, name, cluster_template_uuid, keypair, docker_volume_size, labels, master_flavor_id,
  flavor_id, create_timeout, discovery_url, fixed_network, fixed_subnet, floating_ip_enabled, master_lb_enabled, status`;
const GROUP = `uuid, cluster_uuid, project_id, name, role, is_default, flavor_id, image_id, docker_volume_size, labels, node_count,
  min_node_count, max_node_count, node_labels, node_taints, status`;
const OPERATION = 'uuid, cluster_uuid, project_id, user_id, request_id, kind, request, deadline_at';
const EVENT = 'cluster_uuid, project_id, operation_uuid, type, level, message, data';

/**
 * $1 rows as JSON, $2 project, $3 resource, $4 default limit, $5 to $9 the sealed secret. Everything hangs on `born`, which
 * is empty when there is no room. The job of the operation follows the commit, hence `sent_at`.
 */
const INSERT = `
  WITH quota AS (
    SELECT coalesce((SELECT hard_limit FROM quotas WHERE project_id = $2 AND resource = $3), $4::integer) AS "limit"),
  room AS (
    SELECT quota."limit", (
      SELECT count(*) FROM (SELECT 1 FROM clusters WHERE project_id = $2 LIMIT (SELECT "limit" FROM quota)) counted) AS used
    FROM quota),
  born AS (
    INSERT INTO clusters (${CLUSTER})
    SELECT ${CLUSTER} FROM jsonb_populate_record(null::clusters, $1::jsonb -> 'cluster')
    WHERE (SELECT used < "limit" FROM room)
    RETURNING uuid AS born_uuid),
  its_groups AS (
    INSERT INTO node_groups (${GROUP})
    SELECT ${GROUP} FROM born, jsonb_populate_recordset(null::node_groups, $1::jsonb -> 'groups')),
  its_operation AS (
    INSERT INTO operations (${OPERATION}, sent_at)
    SELECT ${OPERATION}, now() FROM born, jsonb_populate_record(null::operations, $1::jsonb -> 'operation')),
  its_secret AS (
    INSERT INTO sealed_secrets (owner_kind, owner_uuid, purpose, key_id, sealed)
    SELECT $5, $6::uuid, $7, $8, $9::bytea FROM born),
  its_event AS (
    INSERT INTO events (${EVENT})
    SELECT ${EVENT} FROM born, jsonb_populate_record(null::events, $1::jsonb -> 'event')),
  nudge AS (SELECT pg_notify('jeroboam_operations', born_uuid::text) FROM born)
  SELECT used, "limit", (SELECT count(*) FROM nudge) AS nudged FROM room`;
