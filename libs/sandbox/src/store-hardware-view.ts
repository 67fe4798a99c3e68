import type { Nova } from './compute/nova.js';
import type { ServerRow } from './compute/rows.js';
import type { Hardware, HardwareView, NetworkCard } from './hypervisor/hardware.js';
import type { Octavia } from './load-balancer/octavia.js';
import { formatAddress, parseCidr } from './network/ipv4.js';
import type { Neutron } from './network/neutron.js';
import type { Port } from './network/rows.js';

/** A rule that opens more ports than this is meant for other things than one service (NodePorts). */
const WIDEST_RULE = 16;

/** What real machines are built of, from the sandbox's rows. */
export class StoreHardwareView implements HardwareView {
  constructor(
    private readonly nova: Nova,
    private readonly neutron: Neutron,
    private readonly octavia: Octavia,
  ) {}

  hardware(serverId: string): Hardware | undefined {
    const row = this.nova.tables.servers.get(serverId);
    if (row === undefined) return undefined;
    const { cinder, glance } = this.nova;
    const attached = cinder.attachments.by('server_id', serverId);
    const volumes = attached.flatMap(({ volume_id: id }) => cinder.volumes.get(id) ?? []);
    const rootImage = attached.find(({ boot_index: index }) => index === 0)
      ? undefined
      : glance.images.get(row.image_id ?? '')?.name;
    const ports = this.neutron.tables.ports.by('device_id', serverId);
    return {
      name: row.name,
      hostname: row.hostname,
      projectId: row.project_id,
      availabilityZone: row.availability_zone,
      vcpus: row.flavor.vcpus,
      memoryMib: row.flavor.ram,
      diskGib: row.flavor.disk,
      imageName: rootImage,
      volumes: volumes.map(({ id, size }) => ({ id, sizeGib: size })),
      publicKey: this.publicKey(row),
      cards: ports.flatMap((port) => this.card(port) ?? []),
      openPorts: this.openPorts(ports),
    };
  }

  gatewayAddresses(networkId: string): readonly string[] {
    const { subnets } = this.neutron.tables;
    const balancers = this.octavia.tables.loadBalancers.all();
    return [
      ...subnets.by('network_id', networkId).flatMap(({ gateway_ip: gateway }) => gateway ?? []),
      ...[...balancers].filter((row) => row.vip_network_id === networkId).map((row) => row.vip_address),
    ];
  }

  hasVolume(id: string): boolean {
    return this.nova.cinder.volumes.get(id) !== undefined;
  }

  private card(port: Port): NetworkCard | undefined {
    const fixed = port.fixed_ips[0];
    const subnet = fixed && this.neutron.tables.subnets.get(fixed.subnet_id);
    const range = subnet && parseCidr(subnet.cidr);
    if (!fixed || !subnet || !range) return undefined;
    return {
      portId: port.id,
      mac: port.mac_address,
      networkId: port.network_id,
      mtu: this.neutron.tables.networks.get(port.network_id)?.mtu ?? 1500,
      address: fixed.ip_address,
      netmask: formatAddress(2 ** 32 - 2 ** (32 - range.prefix)),
      gateway: subnet.gateway_ip ?? undefined,
      nameservers: subnet.dns_nameservers,
    };
  }

  private publicKey(row: ServerRow): Hardware['publicKey'] {
    const key = row.key_name === null ? undefined : this.nova.tables.keypairs.get(`${row.user_id}/${row.key_name}`);
    return key && { name: key.name, text: key.public_key };
  }

  private openPorts(ports: readonly Port[]): number[] {
    const open = new Set<number>();
    const groups = new Set(ports.flatMap(({ security_groups: ids }) => ids));
    for (const id of groups) {
      for (const rule of this.neutron.tables.rules.by('security_group_id', id)) {
        const { port_range_min: first, port_range_max: last } = rule;
        const isTcp = rule.protocol === 'tcp' || rule.protocol === '6';
        if (rule.direction !== 'ingress' || !isTcp || rule.remote_group_id !== null || first === null || last === null) continue;
        if (last - first < WIDEST_RULE) for (let port = first; port <= last; port += 1) open.add(port);
      }
    }
    return [...open];
  }
}
