import { Cloud, type CloudSession } from '#libs/openstack';
import { startSandbox, type Sandbox } from '#libs/sandbox';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, afterEach, before, describe, it } from 'node:test';
import { builtinResources } from '../resources/index.js';
import { systemClock } from './clock.js';
import { createRegistry } from './registry.js';
import type { StackRef } from './run.js';
import { StackEngine } from './stack-engine.js';
import { MemoryStackStore } from './test/memory-store.js';

const get = (name: string): object => ({ get_resource: name });

interface Wish {
  readonly flavor?: string;
  readonly associated?: 'port-a' | 'port-b';
  readonly protocol?: string;
  readonly allowed?: readonly string[];
  readonly weight?: number;
  readonly rules?: readonly object[];
}

describe('a stack on a cloud that speaks OpenStack', () => {
  let sandbox: Sandbox;
  let cloud: Cloud;
  let session: CloudSession;
  let ids: { image: string; small: string; large: string; external: string; projectId: string };
  let stack: { ref: StackRef; store: MemoryStackStore };

  before(async () => {
    sandbox = await startSandbox({ latencies: 'zero', guests: false });
    cloud = new Cloud({ authUrl: sandbox.authUrl, region: 'sandbox', observeIntervalMs: 5 });
    const { username = '', password = '', project_name } = sandbox.clouds.demo.auth;
    session = cloud.session({ kind: 'password', username, password, userDomainName: 'Default', projectName: project_name });
    const flavors = await session.compute.flavors.list();
    const flavor = (name: string): string => flavors.find((one) => one.name === name)?.id ?? '';
    const [image] = (await session.image.images.list()).filter((one) => one.os_distro);
    const [external] = await session.network.networks.list({ 'router:external': true });
    ids = {
      image: image?.id ?? '',
      small: flavor('m1.small'),
      large: flavor('m1.large'),
      external: external?.id ?? '',
      projectId: await session.projectId(),
    };
  });
  after(async () => {
    await cloud.close();
    await sandbox.close();
  });
  afterEach(async () => {
    await engine().delete(stack.ref, run());
    assert.deepEqual(await inventory(), {});
  });

  const inventory = async (): Promise<Record<string, { id: string; name: string }[]>> => {
    const answer = await fetch(`${sandbox.adminUrl}/inventory?project=${ids.projectId}`);
    const reply = (await answer.json()) as { projects: Record<string, Record<string, { id: string; name: string }[]>> };
    return reply.projects[ids.projectId] ?? {};
  };
  /** How many there are of each kind. */
  const counts = async (): Promise<Record<string, number>> =>
    Object.fromEntries(Object.entries(await inventory()).map(([kind, objects]) => [kind, objects.length]));
  const engine = (): StackEngine =>
    new StackEngine({ store: stack.store, registry: createRegistry(builtinResources), clock: systemClock });
  const run = () => ({
    cloud: session,
    lease: stack.store.take('cluster', randomUUID()),
    signal: new AbortController().signal,
    deadline: new Date(Date.now() + 30_000),
    hidden: {},
  });
  const apply = (wish: Wish): Promise<Record<string, unknown>> =>
    engine().apply({ ...stack.ref, template: template(wish) }, run());
  const physicalIds = (): Record<string, string | null> =>
    Object.fromEntries(stack.store.rows(stack.ref.uuid).map(({ name, physicalId }) => [name, physicalId]));
  /** Logical names of what has other ids now. */
  const changedSince = (before: Record<string, string | null>): string[] => {
    const now = physicalIds();
    return [...new Set([...Object.keys(before), ...Object.keys(now)])].filter((name) => before[name] !== now[name]).sort();
  };

  const begin = async (wish: Wish = {}): Promise<Record<string, string | null>> => {
    const ref: StackRef = {
      uuid: randomUUID(),
      name: 'infrastructure',
      clusterUuid: randomUUID(),
      clusterName: 'k1',
      projectId: ids.projectId,
      nodeGroupUuid: null,
      template: {},
      parameters: {},
    };
    stack = { ref, store: new MemoryStackStore() };
    await apply(wish);
    return physicalIds();
  };

  const template = (wish: Wish): object => ({
    heat_template_version: '2021-04-16',
    resources: {
      network: { type: 'OS::Neutron::Net' },
      subnet: { type: 'OS::Neutron::Subnet', properties: { network: get('network'), cidr: '10.60.0.0/24' } },
      router: { type: 'OS::Neutron::Router', properties: { external_gateway_info: { network: ids.external } } },
      interface: { type: 'OS::Neutron::RouterInterface', properties: { router: get('router'), subnet: get('subnet') } },
      group: {
        type: 'OS::Neutron::SecurityGroup',
        properties: { rules: wish.rules ?? [{ protocol: 'tcp', port_range_min: 22, port_range_max: 22 }] },
      },
      ...Object.fromEntries(
        ['port-a', 'port-b'].map((name) => [
          name,
          {
            type: 'OS::Neutron::Port',
            properties: { network: get('network'), fixed_ips: [{ subnet: get('subnet') }], security_groups: [get('group')] },
          },
        ]),
      ),
      floating: { type: 'OS::Neutron::FloatingIP', depends_on: 'interface', properties: { floating_network: ids.external } },
      association: {
        type: 'OS::Neutron::FloatingIPAssociation',
        depends_on: 'interface',
        properties: { floatingip_id: get('floating'), port_id: get(wish.associated ?? 'port-a') },
      },
      server: {
        type: 'OS::Nova::Server',
        properties: { image: ids.image, flavor: wish.flavor ?? ids.small, networks: [{ port: get('port-a') }] },
      },
      volume: { type: 'OS::Cinder::Volume', properties: { size: 1 } },
      attachment: {
        type: 'OS::Cinder::VolumeAttachment',
        properties: { instance_uuid: get('server'), volume_id: get('volume') },
      },
      balancer: { type: 'OS::Octavia::LoadBalancer', properties: { vip_subnet: get('subnet') } },
      listener: {
        type: 'OS::Octavia::Listener',
        properties: {
          loadbalancer: get('balancer'),
          protocol: wish.protocol ?? 'TCP',
          protocol_port: 6443,
          ...(wish.allowed ? { allowed_cidrs: wish.allowed } : {}),
        },
      },
      pool: {
        type: 'OS::Octavia::Pool',
        properties: { listener: get('listener'), protocol: wish.protocol ?? 'TCP', lb_algorithm: 'ROUND_ROBIN' },
      },
      monitor: {
        type: 'OS::Octavia::HealthMonitor',
        properties: { pool: get('pool'), type: 'TCP', delay: 10, timeout: 5, max_retries: 3 },
      },
      member: {
        type: 'OS::Octavia::PoolMember',
        properties: {
          pool: get('pool'),
          subnet: get('subnet'),
          address: { get_attr: ['port-a', 'fixed_ips', 0, 'ip_address'] },
          protocol_port: 6443,
          ...(wish.weight ? { weight: wish.weight } : {}),
        },
      },
    },
    outputs: { address: { value: { get_attr: ['floating', 'floating_ip_address'] } } },
  });

  const portOf = async (floatingId: string | null | undefined): Promise<string | null> =>
    (await session.network.floatingIps.get(floatingId ?? '')).port_id ?? null;

  it('moves a floating IP to another port, and back', async () => {
    const before = await begin();
    const held = await counts();
    await apply({ associated: 'port-b' });
    assert.deepEqual(changedSince(before), ['association']);
    assert.equal(await portOf(before['floating']), before['port-b']);
    await apply({});
    assert.equal(await portOf(before['floating']), before['port-a']);
    assert.deepEqual(await counts(), held);
  });

  it('changes rules, allowed addresses and a weight in place, and takes them back', async () => {
    const before = await begin();
    await apply({ rules: [{ protocol: 'icmp' }], allowed: ['192.0.2.0/24'], weight: 5 });
    assert.deepEqual(changedSince(before), []);
    const group = await session.network.securityGroups.get(before['group'] ?? '');
    assert.deepEqual(
      group.security_group_rules.filter((rule) => rule.direction === 'ingress').map((rule) => rule.protocol),
      ['icmp'],
    );
    const listener = (): Promise<object> => session.loadBalancer.listeners.get(before['listener'] ?? '');
    assert.deepEqual(Reflect.get(await listener(), 'allowed_cidrs'), ['192.0.2.0/24']);
    await apply({});
    assert.deepEqual(changedSince(before), []);
    assert.deepEqual(Reflect.get(await listener(), 'allowed_cidrs') ?? [], []);
  });

  it('makes a server anew on the port that it had, with its volume', async () => {
    const before = await begin();
    const held = await counts();
    await apply({ flavor: ids.large });
    assert.deepEqual(changedSince(before), ['attachment', 'server']);
    assert.deepEqual(await counts(), held);
    const port = await session.network.ports.get(before['port-a'] ?? '');
    assert.equal(port.device_id, physicalIds()['server']);
    const volume = await session.volume.volumes.get(before['volume'] ?? '');
    assert.deepEqual(
      volume.attachments.map(({ server_id }) => server_id),
      [physicalIds()['server']],
    );
  });

  it('makes a listener anew on the same port number, and all that is behind it', async () => {
    const before = await begin();
    const held = await counts();
    await apply({ protocol: 'HTTP' });
    assert.deepEqual(changedSince(before), ['listener', 'member', 'monitor', 'pool']);
    assert.deepEqual(await counts(), held);
  });
});
