import type { ApiHarness } from './harness.js';
import { ClusterWorld } from './cluster-world.js';

/** A cluster of one master and three workers in which something of each kind is going on; ids that can be told apart. */
export class FaceWorld {
  readonly world: ClusterWorld;
  cluster = '';
  /** By name: rows, groups, nodes. */
  readonly ids: Record<string, string> = {};
  /** `k1-3f2a9c1b7d4e` */
  name = '';

  private constructor(readonly api: ApiHarness) {
    this.world = new ClusterWorld(api);
  }

  static async make(api: ApiHarness, person = 'demo'): Promise<FaceWorld> {
    const face = new FaceWorld(api);
    await face.world.template('t', person);
    face.cluster = await face.world.cluster({ name: 'k1', create_timeout: 15 }, person);
    face.name = `k1-${face.cluster.replaceAll('-', '').slice(0, 12)}`;
    face.ids['infrastructure'] = await face.stack(null, {
      resources: { network: { type: 'OS::Neutron::Net' }, key: { type: 'OS::Heat::RandomString' } },
      parameters: { external_network: { type: 'string' }, password: { type: 'string', hidden: true } },
      outputs: { network_id: { value: { get_resource: 'network' } } },
    });
    for (const [group, name] of [
      ['default-master', 'master'],
      ['default-worker', 'worker'],
    ] as const) {
      face.ids[group] = await face.world.group(group);
      const server = { type: 'OS::Nova::Server' };
      face.ids[`${group} stack`] = await face.stack(face.ids[group], { resources: { [`${name}-0`]: server }, outputs: {} });
    }
    await face.node('default-master', 0, 'joined');
    await face.node('default-worker', 0, 'joined');
    await face.node('default-worker', 1, 'building');
    await face.node('default-worker', 2, 'failed');
    await face.resource('infrastructure', 'network', 'OS::Neutron::Net', 'net-1', 'COMPLETE', null);
    await face.resource('infrastructure', 'key', 'OS::Heat::RandomString', 'key-1', 'COMPLETE', null, { value: 'abcsecret' });
    await face.events();
    return face;
  }

  /** @returns path of a stack under the project's root */
  path(stack: string, name: string): string {
    return `/orchestration/v1/p-demo/stacks/${name}/${this.ids[stack]}`;
  }

  private async stack(group: string | null, template: object): Promise<string> {
    const [row] = await this.world.rows(
      `INSERT INTO stacks (uuid, cluster_uuid, project_id, node_group_uuid, name, action, status, template, parameters, outputs)
       SELECT gen_random_uuid(), uuid, project_id, $2::uuid, CASE WHEN $2::uuid IS NULL THEN 'infrastructure' ELSE 'nodegroup-' || $2 END,
         'CREATE', 'COMPLETE', $3::jsonb, '{"external_network": "public"}', '{"network_id": "net-1"}'
       FROM clusters WHERE uuid = $1 RETURNING uuid`,
      this.cluster,
      group,
      JSON.stringify({ heat_template_version: '2021-04-16', description: 'What is there', ...template }),
    );
    const uuid = String(row?.['uuid']);
    if (group) await this.world.rows('UPDATE node_groups SET stack_id = $2 WHERE uuid = $1', group, uuid);
    else await this.world.rows('UPDATE clusters SET stack_id = $2 WHERE uuid = $1', this.cluster, uuid);
    return uuid;
  }

  private async node(group: string, slot: number, state: 'joined' | 'building' | 'failed'): Promise<void> {
    const role = group === 'default-master' ? 'master' : 'worker';
    const name = `${this.name}-${role}-${slot}`;
    const server = state === 'failed' ? null : `server-${role}-${slot}`;
    const [row] = await this.world.rows(
      `INSERT INTO nodes (uuid, cluster_uuid, node_group_uuid, project_id, name, slot, role, server_id, joined_at, phase)
       SELECT gen_random_uuid(), cluster_uuid, uuid, project_id, $2, $3, $4, $5, CASE WHEN $6 THEN now() END, $7
       FROM node_groups WHERE uuid = $1 RETURNING uuid`,
      this.ids[group],
      name,
      slot,
      role,
      server,
      state === 'joined',
      state === 'joined' ? 'ready' : 'server',
    );
    this.ids[`${role}-${slot}`] = String(row?.['uuid']);
    await this.resource(`${group} stack`, `${role}-${slot}-port`, 'OS::Neutron::Port', `port-${role}-${slot}`, 'COMPLETE', null);
    const status = { joined: 'COMPLETE', building: 'IN_PROGRESS', failed: 'FAILED' }[state];
    const reason = state === 'failed' ? `OS::Nova::Server ${name}: Quota exceeded for cores` : null;
    await this.resource(`${group} stack`, `${role}-${slot}`, 'OS::Nova::Server', server, status, reason, { name });
    await this.world.rows(
      `UPDATE stack_resources SET requires = (SELECT jsonb_build_array(p.uuid) FROM stack_resources p WHERE p.name = $1 || '-port' AND p.stack_uuid = $2)
       WHERE name = $1 AND stack_uuid = $2`,
      `${role}-${slot}`,
      this.ids[`${group} stack`],
    );
  }

  private async resource(
    stack: string,
    name: string,
    type: string,
    id: string | null,
    status: string,
    reason: string | null,
    attributes: object = {},
  ): Promise<void> {
    await this.world.rows(
      `INSERT INTO stack_resources (uuid, stack_uuid, name, type, physical_name, physical_id, action, status, status_reason, attempts, attributes)
       VALUES (gen_random_uuid(), $1, $2, $3, $4, $5, 'CREATE', $6, $7, 1, $8::jsonb)`,
      this.ids[stack],
      name,
      type,
      `${this.name}-${name}`,
      id,
      status,
      reason,
      JSON.stringify(attributes),
    );
  }

  private async events(): Promise<void> {
    const event = (type: string, data: object): Promise<unknown> =>
      this.world.rows(
        `INSERT INTO events (cluster_uuid, project_id, type, message, data) SELECT uuid, project_id, $2, 'm', $3::jsonb FROM clusters WHERE uuid = $1`,
        this.cluster,
        type,
        JSON.stringify(data),
      );
    const workers = `nodegroup-${this.ids['default-worker']}`;
    const server = { resourceType: 'OS::Nova::Server', physicalId: 'server-worker-0', action: 'CREATE' };
    const network = { resourceType: 'OS::Neutron::Net', physicalId: 'net-1', action: 'CREATE', status: 'COMPLETE' };
    await event('stack', { stack: 'infrastructure', action: 'CREATE', status: 'IN_PROGRESS' });
    await event('stack.resource', { stack: 'infrastructure', resource: 'network', ...network });
    await event('stack', { stack: 'infrastructure', action: 'CREATE', status: 'COMPLETE' });
    await event('stack.resource', { stack: workers, resource: 'worker-0', ...server, status: 'IN_PROGRESS' });
    await event('stack.resource', { stack: workers, resource: 'worker-0', ...server, status: 'COMPLETE' });
    await event('node.phase', { phase: 'boot' });
  }
}
