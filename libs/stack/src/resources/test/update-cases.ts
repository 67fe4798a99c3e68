import type { CloudSession } from '#libs/openstack';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cloudResources } from '../index.js';
import { contractCases, external, reachable } from './contract-cases.js';
import { shortName, typeNamed, World } from './world.js';

/** One property, changed in place. */
interface Change {
  /** The new value, or what makes it. */
  readonly to: unknown;
  /** Its name on the wire, where it is another one. */
  readonly field?: string;
  /** What the cloud shows of `to`, where that is not the same. */
  readonly shown?: unknown;
  /** What the cloud shows when the template has it no longer. Absent: it cannot go back, and the object is replaced. */
  readonly back?: unknown;
}
interface TypeCase {
  readonly get: (session: CloudSession, id: string) => Promise<object>;
  readonly changes: Readonly<Record<string, Change>>;
  /** What the sandbox does not know, or lets administrators alone do. */
  readonly untried?: readonly string[];
}

/** The physical name. */
const OWN_NAME = Symbol('physical name');
const name: Change = { to: 'renamed', back: OWN_NAME };
const admin_state_up: Change = { to: false, back: true };
const tags: Change = { to: ['one', 'two'], back: [] };
const [poolOf, memberOf] = [(id: string) => id.split('/')[0] ?? '', (id: string) => id.split('/')[1] ?? ''];

const cases: Readonly<Record<string, TypeCase>> = {
  'OS::Neutron::Net': {
    get: (session, id) => session.network.networks.get(id),
    changes: { name, admin_state_up, tags, port_security_enabled: { to: false, back: true } },
    untried: ['shared', 'dns_domain', 'qos_policy'],
  },
  'OS::Neutron::Subnet': {
    get: (session, id) => session.network.subnets.get(id),
    changes: {
      name,
      tags,
      gateway_ip: { to: '', shown: null },
      enable_dhcp: { to: false, back: true },
      dns_nameservers: { to: ['192.0.2.54'], back: [] },
      allocation_pools: { to: [{ start: '10.78.0.20', end: '10.78.0.40' }] },
      host_routes: { to: [{ destination: '10.99.0.0/16', nexthop: '10.78.0.9' }], back: [] },
    },
  },
  'OS::Neutron::Router': {
    get: async (session, id) => {
      const one = await session.network.routers.get(id);
      return { ...one, network: one.external_gateway_info?.network_id ?? null };
    },
    changes: {
      name,
      admin_state_up,
      tags,
      external_gateway_info: { to: async (world: World) => ({ network: await external(world) }), field: 'network', back: null },
    },
  },
  'OS::Neutron::Port': {
    get: async (session, id) => {
      const one = await session.network.ports.get(id);
      return { ...one, fixed_ips: one.fixed_ips.map(({ ip_address }) => ({ ip_address })) };
    },
    changes: {
      name,
      admin_state_up,
      tags,
      security_groups: { to: async (world: World) => [(await world.make('OS::Neutron::SecurityGroup', {})).id] },
      allowed_address_pairs: { to: [{ ip_address: '10.200.0.0/16', mac_address: 'fa:16:3e:00:00:01' }], back: [] },
      fixed_ips: { to: [{ ip_address: '10.77.0.77' }] },
    },
    untried: ['dns_name', 'qos_policy', 'port_security_enabled'],
  },
  'OS::Neutron::SecurityGroup': {
    get: async (session, id) => {
      const one = await session.network.securityGroups.get(id);
      const words = one.security_group_rules.map((rule) => `${rule.direction} ${rule.protocol ?? 'all'} ${rule.ethertype}`);
      return { ...one, rules: words.sort(), description: one.description?.replace(/ ?\(?jeroboam:[^)]*\)?/, '') };
    },
    changes: {
      name,
      description: { to: 'other words', back: '' },
      rules: {
        to: [{ protocol: 'udp', port_range_min: 53, port_range_max: 53 }],
        shown: ['egress all IPv4', 'egress all IPv6', 'ingress udp IPv4'],
        back: ['egress all IPv4', 'egress all IPv6'],
      },
    },
  },
  'OS::Neutron::FloatingIP': {
    get: (session, id) => session.network.floatingIps.get(id),
    changes: {
      port_id: { to: async (world: World) => (await reachable(world)).port_id, back: null },
    },
    untried: ['fixed_ip_address'],
  },
  'OS::Nova::Server': {
    get: async (session, id) => {
      const { metadata } = await session.compute.servers.get(id);
      return {
        metadata: Object.fromEntries(Object.entries(metadata).filter(([key]) => !/^jeroboam_(cluster|resource)$/.test(key))),
      };
    },
    changes: { metadata: { to: { other: 'words' }, back: {} } },
  },
  'OS::Octavia::LoadBalancer': {
    get: (session, id) => withoutKey(session.loadBalancer.loadBalancers.get(id)),
    changes: { name, admin_state_up, description: { to: 'other words', back: '' } },
  },
  'OS::Octavia::Listener': {
    get: async (session, id) => {
      const one = await withoutKey(session.loadBalancer.listeners.get(id));
      // Octavia shows an empty list as null.
      return { ...one, allowed_cidrs: (Reflect.get(one, 'allowed_cidrs') as unknown) ?? [] };
    },
    changes: {
      name,
      admin_state_up,
      description: { to: 'other words', back: '' },
      default_pool: { to: async (world: World, given: Given) => otherPool(world, given), field: 'default_pool_id', back: null },
      connection_limit: { to: 100, back: -1 },
      allowed_cidrs: { to: ['192.0.2.0/24', '198.51.100.7/32'], back: [] },
      timeout_client_data: { to: 600_000, back: 50_000 },
      timeout_member_data: { to: 600_000, back: 50_000 },
    },
    untried: ['default_tls_container_ref', 'sni_container_refs'],
  },
  'OS::Octavia::Pool': {
    get: async (session, id) => {
      const one = await withoutKey(session.loadBalancer.pools.get(id));
      const persistence = Reflect.get(one, 'session_persistence') as { type: string } | null;
      return { ...one, session_persistence: persistence && { type: persistence.type } };
    },
    changes: {
      name,
      admin_state_up,
      description: { to: 'other words', back: '' },
      lb_algorithm: { to: 'LEAST_CONNECTIONS' },
      session_persistence: { to: { type: 'SOURCE_IP' }, back: null },
    },
    untried: ['tls_enabled'],
  },
  'OS::Octavia::PoolMember': {
    get: (session, id) => session.loadBalancer.members.of(poolOf(id)).get(memberOf(id)),
    changes: {
      admin_state_up,
      tags,
      weight: { to: 7, back: 1 },
      monitor_address: { to: '10.77.0.51', back: null },
      monitor_port: { to: 9_000, back: null },
    },
  },
  'OS::Octavia::HealthMonitor': {
    get: (session, id) => session.loadBalancer.healthMonitors.get(id),
    changes: { admin_state_up, delay: { to: 20 }, timeout: { to: 9 }, max_retries: { to: 5 } },
    untried: ['http_method', 'url_path', 'expected_codes'],
  },
  'OS::Cinder::Volume': {
    get: async (session, id) => {
      const one = await session.volume.volumes.get(id);
      const metadata = Object.entries(one.metadata).filter(([key]) => !key.startsWith('jeroboam_'));
      return { ...one, metadata: Object.fromEntries(metadata) };
    },
    changes: { name, description: { to: 'other words', back: '' }, metadata: { to: { other: 'words' }, back: {} } },
  },
};

type Given = Readonly<Record<string, unknown>>;

async function withoutKey(object: Promise<{ description?: string | null | undefined }>): Promise<object> {
  const one = await object;
  return { ...one, description: (one.description ?? '').replace(/ ?\(?jeroboam:[^)]*\)?/, '') };
}

async function otherPool(world: World, given: Given): Promise<string> {
  const properties = { loadbalancer: given['loadbalancer'], protocol: 'TCP', lb_algorithm: 'ROUND_ROBIN' };
  return (await world.make('OS::Octavia::Pool', properties)).id;
}

/** One test for each property of each type: changed, changed again, back to its default. */
export function itUpdates(newWorld: () => Promise<World>): void {
  it('every property that can be changed in place is tried, or said not to be', () => {
    for (const { type, updatable } of cloudResources) {
      const { changes = {}, untried = [] } = cases[type] ?? {};
      assert.deepEqual([...updatable].sort(), [...Object.keys(changes), ...untried].sort(), type);
    }
  });

  for (const [typeName, one] of Object.entries(cases)) itUpdatesType(typeName, one, newWorld);
}

function itUpdatesType(typeName: string, { get, changes }: TypeCase, newWorld: () => Promise<World>): void {
  describe(typeName, () => {
    const type = typeNamed(typeName);
    for (const [property, change] of Object.entries(changes)) {
      it(`${property} is changed in place, again, and back`, async () => {
        const world = await newWorld();
        const { session } = world;
        const given = (await contractCases.find((one) => one.type === typeName)?.properties(world)) ?? {};
        const ctx = world.context(shortName(typeName));
        const to = typeof change.to === 'function' ? await change.to(world, given) : change.to;
        const made = await world.make(typeName, given, ctx);
        const become = async (value: unknown, expected: unknown): Promise<void> => {
          const wanted = value === null ? given : (type.properties.parse({ ...given, [property]: value }) as Given);
          const properties = { ...wanted, [property]: value === null ? null : wanted[property] };
          const changed = { [property]: properties[property] };
          const result = await world.patiently(() => type.update(ctx, made.id, changed, properties));
          assert.equal(result, 'updated');
          await world.ready(type, ctx, made.id, properties);
          const seen = Reflect.get(await get(session, made.id), change.field ?? property) as unknown;
          assert.deepEqual(sorted(seen), sorted(expected));
        };
        const shown = 'shown' in change ? change.shown : change.field === 'network' ? (to as { network: string }).network : to;
        await become(to, shown);
        await become(to, shown);
        assert.equal('back' in change, property === 'name' || Object.hasOwn(type.defaults ?? {}, property), 'can go back');
        if (!('back' in change)) return;
        const fallback = property === 'name' ? ctx.physicalName : type.defaults?.[property];
        await become(fallback, change.back === OWN_NAME ? ctx.physicalName : change.back);
      });
    }
  });
}

const sorted = (value: unknown): unknown =>
  Array.isArray(value) ? [...(value as unknown[])].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) : value;
