import type { DriverFeatures } from '#libs/domain';
import type { Recorder } from './recorder.js';

/** One resource's questions, in their order; the database is empty before them. */
export interface Scenario {
  /** `clusters`: the answers are in clusters.json. */
  readonly resource: string;
  run(g: Recorder): Promise<void>;
}

/** A body that a template can be made from. */
export const TEMPLATE = { image_id: 'ubuntu', coe: 'kubernetes', flavor_id: 'm1.small', external_network_id: 'public' };

/** Makes a template without a case of its own. */
export async function makeTemplate(g: Recorder, name: string, more: object = {}, person = 'demo'): Promise<string> {
  const answer = await g.api
    .as(person)
    .post('/v1/clustertemplates', { ...TEMPLATE, name, ...more })
    .expect(201);
  const { uuid } = answer.body as { uuid: string };
  return g.name(uuid, `template ${name}`);
}

/** Makes a cluster without a case of its own. */
export async function makeCluster(g: Recorder, name: string, more: object = {}, person = 'demo'): Promise<string> {
  const answer = await g.api
    .as(person, 'latest')
    .post('/v1/clusters', { name, cluster_template_id: 't', ...more })
    .expect(202);
  const { uuid } = answer.body as { uuid: string };
  g.name(uuid, `cluster ${name}`);
  const groups: { uuid: string; name: string }[] = await g.api.database.source.query(
    'SELECT uuid, name FROM node_groups WHERE cluster_uuid = $1',
    [uuid],
  );
  for (const group of groups) g.name(group.uuid, `${group.name} of ${name}`);
  return uuid;
}

/** What a conductor would have written at the end of a create. */
export async function completeCluster(g: Recorder, uuid: string): Promise<void> {
  const stack = g.name('5f0c1d5e-7a53-4a0e-8f0b-3c6f1e2d9a10', 'stack');
  await sql(g, `UPDATE operations SET status = 'complete', progress = 100, finished_at = now() WHERE cluster_uuid = $1`, uuid);
  await sql(
    g,
    `UPDATE clusters SET status = 'CREATE_COMPLETE', stack_id = $2, api_address = 'https://203.0.113.5:6443', coe_version = 'v1.36.4',
       container_version = 'containerd://2.1.4', health_status = 'HEALTHY',
       health_status_reason = '{"api": "ok", "k1-worker-0.Ready": "True"}' WHERE uuid = $1`,
    uuid,
    stack,
  );
  await sql(
    g,
    `UPDATE node_groups SET status = 'CREATE_COMPLETE', stack_id = $2, version = 'v1.36.4',
       node_addresses = CASE role WHEN 'master' THEN '["203.0.113.5"]' ELSE '["10.0.0.11", "10.0.0.12"]' END::jsonb
     WHERE cluster_uuid = $1`,
    uuid,
    stack,
  );
}

export async function sql(g: Recorder, text: string, ...parameters: unknown[]): Promise<void> {
  await g.api.database.source.query(text, parameters);
}

/** What every driver can do from now on. */
export function drivers(g: Recorder, able: Partial<DriverFeatures>): void {
  for (const features of Object.values(g.api.parts.features)) Object.assign(features, able);
}

/** A uuid that nothing has. */
export const NOTHING = '00000000-0000-4000-8000-000000000000';
