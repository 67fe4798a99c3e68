import type { ApiHarness } from './harness.js';

export type Row = Record<string, unknown>;

/** What the write tests share: one template, clusters as they are when they have been made, and a look into the tables. */
export class ClusterWorld {
  constructor(readonly api: ApiHarness) {}

  async template(name: string, person = 'demo', more: object = {}): Promise<string> {
    const body = { name, image_id: 'ubuntu', coe: 'kubernetes', flavor_id: 'm1.small', external_network_id: 'public', ...more };
    return (await this.api.as(person).post('/v1/clustertemplates', body).expect(201)).body.uuid;
  }

  /** A cluster that is complete, with its create operation ended. */
  async cluster(body: object = {}, person = 'demo'): Promise<string> {
    const given = { name: 'k1', cluster_template_id: 't', ...body };
    const { uuid } = (await this.api.as(person, 'latest').post('/v1/clusters', given).expect(202)).body as { uuid: string };
    await this.rows(`UPDATE operations SET status = 'complete' WHERE cluster_uuid = $1`, uuid);
    await this.rows(`DELETE FROM events WHERE cluster_uuid = $1`, uuid);
    await this.rows(`DELETE FROM sealed_secrets WHERE owner_kind = 'operation'`);
    await this.rows(`UPDATE clusters SET api_address = 'https://203.0.113.5:6443' WHERE uuid = $1`, uuid);
    await this.status('CREATE_COMPLETE', uuid);
    return uuid;
  }

  async status(status: string, uuid: string): Promise<void> {
    await this.rows(`UPDATE clusters SET status = $1, status_reason = 'before' WHERE uuid = $2`, status, uuid);
    await this.rows(`UPDATE node_groups SET status = $1, status_reason = 'before' WHERE cluster_uuid = $2`, status, uuid);
  }

  async empty(): Promise<void> {
    for (const table of ['clusters', 'operations', 'events', 'sealed_secrets', 'bullmq.job'])
      await this.rows(`DELETE FROM ${table}`);
  }

  rows(sql: string, ...parameters: unknown[]): Promise<Row[]> {
    return this.api.database.source.query(sql, parameters);
  }

  /** Open operations in their order: kind and request. */
  async asked(): Promise<[unknown, unknown][]> {
    const rows = await this.rows(`SELECT kind, request FROM operations WHERE status = 'pending' ORDER BY id`);
    return rows.map((row) => [row['kind'], row['request']]);
  }

  /** `[cluster, ...groups]` with status, reason and count. */
  async state(): Promise<unknown[][]> {
    const clusters = await this.rows(`SELECT status, status_reason FROM clusters ORDER BY id`);
    const groups = await this.rows(`SELECT name, status, status_reason, node_count FROM node_groups ORDER BY id`);
    return [...clusters, ...groups].map((row) => Object.values(row));
  }

  async group(name: string): Promise<string> {
    const [row] = await this.rows('SELECT uuid FROM node_groups WHERE name = $1', name);
    return String(row?.['uuid']);
  }
}

/** An error's whole body. */
export const errorBody = (status: number, detail: string): object => ({
  errors: [{ request_id: '', code: 'client', status, title: detail.split(/\.(?=\s|$)/, 1)[0], detail, links: [] }],
});
