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

/** What a conductor writes of a cluster's infrastructure, half-way. */
export async function makeStack(g: Recorder, cluster: string): Promise<string> {
  const stack = g.name('5f0c1d5e-7a53-4a0e-8f0b-3c6f1e2d9a10', 'stack');
  const template = {
    heat_template_version: '2021-04-16',
    parameters: { external_network: { type: 'string' } },
    resources: {
      network: { type: 'OS::Neutron::Net', properties: { mtu: 1450 } },
      subnet: { type: 'OS::Neutron::Subnet', properties: { network: { get_resource: 'network' }, cidr: '10.0.0.0/24' } },
    },
    outputs: { network_id: { value: { get_resource: 'network' } } },
  };
  await sql(
    g,
    `INSERT INTO stacks (uuid, cluster_uuid, project_id, name, action, status, status_reason, template, parameters, outputs)
     SELECT $1, uuid, project_id, 'infrastructure', 'CREATE', 'FAILED', 'OS::Neutron::Subnet k1-0123456789ab-subnet: Quota exceeded', $3,
       '{"external_network": "public"}', '{"network_id": "1f0c1d5e-7a53-4a0e-8f0b-3c6f1e2d9a11"}' FROM clusters WHERE uuid = $2`,
    stack,
    cluster,
    JSON.stringify(template),
  );
  await sql(
    g,
    `INSERT INTO stack_resources (uuid, stack_uuid, name, type, physical_name, physical_id, action, status, status_reason, attempts) VALUES
     (gen_random_uuid(), $1, 'network', 'OS::Neutron::Net', 'k1-0123456789ab-network', '1f0c1d5e-7a53-4a0e-8f0b-3c6f1e2d9a11', 'CREATE', 'COMPLETE', NULL, 1),
     (gen_random_uuid(), $1, 'subnet', 'OS::Neutron::Subnet', 'k1-0123456789ab-subnet', NULL, 'CREATE', 'FAILED',
      'OS::Neutron::Subnet k1-0123456789ab-subnet: Quota exceeded', 2)`,
    stack,
  );
  g.name('1f0c1d5e-7a53-4a0e-8f0b-3c6f1e2d9a11', 'network');
  return stack;
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
