import { generateKeyPairSync } from 'node:crypto';
import type { World } from './world.js';

export interface ContractCase {
  readonly type: string;
  /** What must be there first; gives the properties. */
  readonly properties: (world: World) => Promise<Record<string, unknown>>;
  /** The call that makes it, for faults: service, method, path. */
  readonly call: { readonly service: string; readonly method: 'POST' | 'PUT'; readonly path: string };
  /** Where the sandbox keeps such objects; null when it is no object of its own. */
  readonly table: string | null;
  /** The cloud makes a second one like it without a word. */
  readonly canBeTwice: boolean;
  /** An id of the right form that nothing has. */
  readonly unknownId?: string;
}

const NOTHING = '00000000-0000-4000-8000-000000000000';

const network = async (world: World): Promise<string> => (await world.make('OS::Neutron::Net', {})).id;
const subnet = async (world: World, cidr = '10.77.0.0/24'): Promise<{ network: string; subnet: string }> => {
  const net = await network(world);
  return { network: net, subnet: (await world.make('OS::Neutron::Subnet', { network: net, cidr })).id };
};
export const external = async (world: World): Promise<string> => {
  const [one] = await world.session.network.networks.list({ 'router:external': true });
  return one?.id ?? '';
};
const boot = async (world: World): Promise<Record<string, unknown>> => {
  const images = await world.session.image.images.list();
  const flavors = await world.session.compute.flavors.list();
  const smallest = flavors.sort((a, b) => a.ram - b.ram)[0];
  const image = images.find((one) => one.os_distro);
  const port = await world.make('OS::Neutron::Port', { network: (await subnet(world)).network });
  return { image: image?.id, flavor: smallest?.id, networks: [{ port: port.id }] };
};
const server = async (world: World): Promise<string> => (await world.make('OS::Nova::Server', await boot(world))).id;
const loadBalancer = async (world: World, vip?: string): Promise<string> =>
  (await world.make('OS::Octavia::LoadBalancer', { vip_subnet: vip ?? (await subnet(world)).subnet })).id;
const listener = async (world: World, vip?: string): Promise<string> => {
  const loadbalancer = await loadBalancer(world, vip);
  return (await world.make('OS::Octavia::Listener', { loadbalancer, protocol: 'TCP', protocol_port: 6443 })).id;
};
const pool = async (world: World, vip?: string): Promise<string> => {
  const properties = { listener: await listener(world, vip), protocol: 'TCP', lb_algorithm: 'ROUND_ROBIN' };
  return (await world.make('OS::Octavia::Pool', properties)).id;
};
/** A floating IP and a port that it can reach. */
export const reachable = async (world: World): Promise<{ floatingip_id: string; port_id: string }> => {
  const publicNetwork = await external(world);
  const inner = await subnet(world);
  const router = await world.make('OS::Neutron::Router', { external_gateway_info: { network: publicNetwork } });
  await world.make('OS::Neutron::RouterInterface', { router: router.id, subnet: inner.subnet });
  const port = await world.make('OS::Neutron::Port', { network: inner.network });
  const floating = await world.make('OS::Neutron::FloatingIP', { floating_network: publicNetwork });
  return { floatingip_id: floating.id, port_id: port.id };
};

/** An OpenSSH public key, made now. Source: RFC 8709 section 4. */
function publicKey(): string {
  const raw = generateKeyPairSync('ed25519').publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  const field = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
  return `ssh-ed25519 ${Buffer.concat([field(Buffer.from('ssh-ed25519')), field(raw)]).toString('base64')} contract`;
}

export const contractCases: readonly ContractCase[] = [
  {
    type: 'OS::Neutron::Net',
    properties: async () => ({ tags: ['contract'] }),
    call: { service: 'network', method: 'POST', path: '^/networks$' },
    table: 'networks',
    canBeTwice: true,
  },
  {
    type: 'OS::Neutron::Subnet',
    properties: async (world) => ({
      network: await network(world),
      cidr: '10.78.0.0/24',
      dns_nameservers: ['192.0.2.53'],
      enable_dhcp: 'true',
    }),
    call: { service: 'network', method: 'POST', path: '^/subnets$' },
    table: 'subnets',
    canBeTwice: false,
  },
  {
    type: 'OS::Neutron::Router',
    properties: async (world) => ({ external_gateway_info: { network: await external(world) } }),
    call: { service: 'network', method: 'POST', path: '^/routers$' },
    table: 'routers',
    canBeTwice: true,
  },
  {
    type: 'OS::Neutron::RouterInterface',
    properties: async (world) => ({
      router: (await world.make('OS::Neutron::Router', {})).id,
      subnet: (await subnet(world)).subnet,
    }),
    call: { service: 'network', method: 'PUT', path: 'add_router_interface$' },
    table: null,
    canBeTwice: false,
    unknownId: `${NOTHING}:subnet_id=${NOTHING}`,
  },
  {
    type: 'OS::Neutron::Port',
    properties: async (world) => ({
      network: (await subnet(world)).network,
      security_groups: [(await world.make('OS::Neutron::SecurityGroup', {})).id],
      allowed_address_pairs: [{ ip_address: '10.100.0.0/16' }],
    }),
    call: { service: 'network', method: 'POST', path: '^/ports$' },
    table: 'ports',
    canBeTwice: true,
  },
  {
    type: 'OS::Neutron::SecurityGroup',
    properties: async () => ({
      description: 'of the contract',
      rules: [
        { protocol: 'tcp', port_range_min: 22, port_range_max: '22', remote_ip_prefix: '0.0.0.0/0' },
        { protocol: 'icmp' },
        { remote_mode: 'remote_group_id' },
      ],
    }),
    call: { service: 'network', method: 'POST', path: '^/security-groups$' },
    table: 'security_groups',
    canBeTwice: true,
  },
  {
    type: 'OS::Neutron::SecurityGroupRule',
    properties: async (world) => ({
      security_group: (await world.make('OS::Neutron::SecurityGroup', {})).id,
      protocol: 'tcp',
      port_range_min: 6443,
      port_range_max: 6443,
    }),
    call: { service: 'network', method: 'POST', path: '^/security-group-rules$' },
    table: null,
    canBeTwice: false,
  },
  {
    type: 'OS::Neutron::FloatingIP',
    properties: async (world) => ({ floating_network: await external(world) }),
    call: { service: 'network', method: 'POST', path: '^/floatingips$' },
    table: 'floatingips',
    canBeTwice: true,
  },
  {
    type: 'OS::Neutron::FloatingIPAssociation',
    properties: reachable,
    call: { service: 'network', method: 'PUT', path: '^/floatingips/' },
    table: null,
    canBeTwice: false,
    unknownId: `${NOTHING}:${NOTHING}`,
  },
  {
    type: 'OS::Nova::Server',
    properties: async (world) => ({
      ...(await boot(world)),
      user_data: '#cloud-config\n{}\n',
      metadata: { jeroboam_node: 'n1' },
      config_drive: true,
    }),
    call: { service: 'compute', method: 'POST', path: '^/servers$' },
    table: 'servers',
    canBeTwice: false,
  },
  {
    type: 'OS::Nova::ServerGroup',
    properties: async () => ({ policies: ['soft-anti-affinity'] }),
    call: { service: 'compute', method: 'POST', path: '^/os-server-groups$' },
    table: 'server_groups',
    canBeTwice: true,
  },
  {
    type: 'OS::Nova::KeyPair',
    properties: async () => ({ public_key: publicKey() }),
    call: { service: 'compute', method: 'POST', path: '^/os-keypairs$' },
    // A user's, not the project's.
    table: null,
    canBeTwice: false,
    unknownId: 'nobody-has-this-key',
  },
  {
    type: 'OS::Octavia::LoadBalancer',
    properties: async (world) => ({ vip_subnet: (await subnet(world)).subnet }),
    call: { service: 'load-balancer', method: 'POST', path: '^/lbaas/loadbalancers$' },
    table: 'loadbalancers',
    canBeTwice: true,
  },
  {
    type: 'OS::Octavia::Listener',
    properties: async (world) => ({ loadbalancer: await loadBalancer(world), protocol: 'TCP', protocol_port: '6443' }),
    call: { service: 'load-balancer', method: 'POST', path: '^/lbaas/listeners$' },
    table: 'listeners',
    canBeTwice: false,
  },
  {
    type: 'OS::Octavia::Pool',
    properties: async (world) => ({ listener: await listener(world), protocol: 'TCP', lb_algorithm: 'SOURCE_IP' }),
    call: { service: 'load-balancer', method: 'POST', path: '^/lbaas/pools$' },
    table: 'pools',
    canBeTwice: false,
  },
  {
    type: 'OS::Octavia::PoolMember',
    properties: async (world) => {
      const inner = await subnet(world);
      return { pool: await pool(world, inner.subnet), subnet: inner.subnet, address: '10.77.0.50', protocol_port: 6443 };
    },
    call: { service: 'load-balancer', method: 'POST', path: '/members$' },
    table: 'members',
    canBeTwice: false,
    unknownId: `${NOTHING}/${NOTHING}`,
  },
  {
    type: 'OS::Octavia::HealthMonitor',
    properties: async (world) => ({ pool: await pool(world), type: 'TCP', delay: 10, timeout: 5, max_retries: 3 }),
    call: { service: 'load-balancer', method: 'POST', path: '^/lbaas/healthmonitors$' },
    table: 'healthmonitors',
    canBeTwice: false,
  },
  {
    type: 'OS::Cinder::Volume',
    properties: async () => ({ size: '1', metadata: { purpose: 'etcd' } }),
    call: { service: 'volume', method: 'POST', path: '/volumes$' },
    table: 'volumes',
    canBeTwice: true,
  },
  {
    type: 'OS::Cinder::VolumeAttachment',
    properties: async (world) => ({
      instance_uuid: await server(world),
      volume_id: (await world.make('OS::Cinder::Volume', { size: 1 })).id,
    }),
    call: { service: 'compute', method: 'POST', path: 'os-volume_attachments$' },
    table: null,
    canBeTwice: false,
    unknownId: `${NOTHING}/${NOTHING}`,
  },
];

export const unknownIdOf = (one: ContractCase): string => one.unknownId ?? NOTHING;
