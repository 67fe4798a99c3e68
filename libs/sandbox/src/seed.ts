import type { Nova } from './compute/nova.js';
import type { Identity } from './identity/identity.js';
import type { Glance } from './image/glance.js';
import { formatAddress, parseCidr } from './network/ipv4.js';
import type { Neutron } from './network/neutron.js';

const flavors = [
  { id: '1', name: 'm1.tiny', vcpus: 1, ram: 512, disk: 1 },
  { id: '2', name: 'm1.small', vcpus: 1, ram: 2048, disk: 20 },
  { id: '3', name: 'm1.medium', vcpus: 2, ram: 4096, disk: 40 },
  { id: '4', name: 'm1.large', vcpus: 4, ram: 8192, disk: 80 },
];

/** Flavors, images and the external network of a new sandbox. An existing one is left as it is. */
export function seedCloud(parts: { identity: Identity; nova: Nova; neutron: Neutron; glance: Glance }, publicCidr: string): void {
  const { identity, nova, neutron, glance } = parts;
  if (neutron.tables.networks.size > 0) return;
  const admin = identity.findProject({ name: 'admin', domainId: 'default' })?.id ?? '';
  for (const flavor of flavors) nova.tables.flavors.insert({ ...flavor, is_public: true, extra_specs: {} });
  for (const version of ['v1.36.4', 'v1.35.9']) {
    glance.create({
      name: `ubuntu-24.04-kube-${version}`,
      owner: admin,
      properties: { os_distro: 'ubuntu', os_version: '24.04', kube_version: version },
    });
  }
  glance.create({
    name: 'flatcar-4459-kube-v1.36.4',
    owner: admin,
    properties: { os_distro: 'flatcar', os_version: '4459', kube_version: 'v1.36.4' },
  });
  glance.create({ name: 'fedora-coreos-43', owner: admin, properties: { os_distro: 'fedora-coreos', os_version: '43' } });
  glance.create({ name: 'debian-13', owner: admin, properties: { os_distro: 'debian', os_version: '13' } });
  glance.create({ name: 'cirros-0.6', owner: admin });
  seedPublicNetwork(neutron, admin, publicCidr);
}

/** The tenth host address is the first one handed out; those before it are for whoever runs the machine. */
function seedPublicNetwork(neutron: Neutron, owner: string, cidr: string): void {
  const range = parseCidr(cidr);
  if (range === undefined || range.last - range.first < 15)
    throw new Error(`publicCidr ${cidr} is no IPv4 range of at least 16 addresses`);
  const network = neutron.tables.networks.insert({
    ...neutron.base({ name: 'public', projectId: owner }),
    admin_state_up: true,
    status: 'ACTIVE',
    shared: false,
    mtu: 1500,
    'router:external': true,
    is_default: true,
    port_security_enabled: true,
    availability_zone_hints: [],
  });
  neutron.tables.subnets.insert({
    ...neutron.base({ name: 'public-subnet', projectId: owner }),
    network_id: network.id,
    cidr: `${formatAddress(range.first)}/${range.prefix}`,
    ip_version: 4,
    gateway_ip: formatAddress(range.first + 1),
    enable_dhcp: false,
    allocation_pools: [{ start: formatAddress(range.first + 10), end: formatAddress(range.last - 1) }],
    dns_nameservers: [],
    host_routes: [],
  });
}
