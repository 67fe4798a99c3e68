import { createHash } from 'node:crypto';
import { since } from '../server/call.js';
import type { Call, Json } from '../server/call.js';
import type { Nova } from './nova.js';
import type { Flavor, ServerRow } from './rows.js';

const powerStates: Readonly<Record<string, number>> = {
  ACTIVE: 1,
  REBOOT: 1,
  HARD_REBOOT: 1,
  PAUSED: 3,
  SHUTOFF: 4,
  SUSPENDED: 4,
};
const vmStates: Readonly<Record<string, string>> = {
  BUILD: 'building',
  ACTIVE: 'active',
  REBOOT: 'active',
  HARD_REBOOT: 'active',
  ERROR: 'error',
  SHUTOFF: 'stopped',
  PAUSED: 'paused',
  SUSPENDED: 'suspended',
};

export const serverLinks = (nova: Nova, id: string): Json[] => [
  { rel: 'self', href: `${nova.cloud.baseUrl}/compute/v2.1/servers/${id}` },
  { rel: 'bookmark', href: `${nova.cloud.baseUrl}/compute/servers/${id}` },
];

/** A server as GET servers/{id} and servers/detail show it at the call's microversion. */
export function serverView(nova: Nova, call: Call, row: ServerRow, single: boolean): Json {
  const { neutron } = nova;
  const ports = neutron.tables.ports.by('device_id', row.id);
  const groups = new Set(ports.flatMap((port) => port.security_groups));
  const bookmark = (kind: string, id: string): Json[] => [
    { rel: 'bookmark', href: `${nova.cloud.baseUrl}/compute/${kind}/${id}` },
  ];
  const attachments = nova.cinder.attachments.by('server_id', row.id);
  const isDeleting = row.task_state === 'deleting';
  return {
    id: row.id,
    name: row.name,
    status: row.status,
    tenant_id: row.project_id,
    user_id: row.user_id,
    metadata: row.metadata,
    hostId: row.status === 'BUILD' ? '' : createHash('sha224').update(`${row.project_id}${row.host}`).digest('hex'),
    image: row.image_id === null ? '' : { id: row.image_id, links: bookmark('images', row.image_id) },
    flavor: since(call, 47) ? embeddedFlavor(row.flavor) : { id: row.flavor.id, links: bookmark('flavors', row.flavor.id) },
    created: row.created_at,
    updated: row.updated_at,
    addresses: addresses(nova, row),
    accessIPv4: '',
    accessIPv6: '',
    links: serverLinks(nova, row.id),
    'OS-DCF:diskConfig': 'MANUAL',
    ...(row.status === 'ACTIVE' || row.status === 'BUILD' ? { progress: row.status === 'ACTIVE' ? 100 : 0 } : {}),
    'OS-EXT-AZ:availability_zone': row.launched_at === null ? '' : row.availability_zone,
    config_drive: row.config_drive ? 'True' : '',
    key_name: row.key_name,
    'OS-SRV-USG:launched_at': row.launched_at === null ? null : `${row.launched_at.slice(0, -1)}.000000`,
    'OS-SRV-USG:terminated_at': null,
    'OS-EXT-STS:task_state': row.task_state,
    'OS-EXT-STS:vm_state': vmStates[row.status] ?? 'active',
    'OS-EXT-STS:power_state': powerStates[row.status] ?? 0,
    'os-extended-volumes:volumes_attached': attachments.map((attachment) => ({
      id: attachment.volume_id,
      ...(since(call, 3) ? { delete_on_termination: attachment.delete_on_termination } : {}),
    })),
    ...(groups.size === 0
      ? {}
      : { security_groups: [...groups].map((id) => ({ name: neutron.tables.groups.get(id)?.name ?? id })) }),
    ...(row.fault === null || (row.status !== 'ERROR' && !isDeleting) ? {} : { fault: { ...row.fault } }),
    ...(since(call, 9) ? { locked: row.locked } : {}),
    ...(since(call, 19) ? { description: row.description } : {}),
    ...(since(call, 26) ? { tags: row.tags } : {}),
    ...(since(call, 63) ? { trusted_image_certificates: null } : {}),
    ...(since(call, 71) && single ? { server_groups: row.group_id === null ? [] : [row.group_id] } : {}),
    ...(since(call, 73) ? { locked_reason: null } : {}),
    ...(call.auth.isAdmin ? adminView(nova, call, row) : {}),
  };
}

function adminView(nova: Nova, call: Call, row: ServerRow): Json {
  return {
    'OS-EXT-SRV-ATTR:host': row.launched_at === null ? null : row.host,
    'OS-EXT-SRV-ATTR:hypervisor_hostname': row.launched_at === null ? null : row.host,
    'OS-EXT-SRV-ATTR:instance_name': `instance-${row.id.slice(0, 8)}`,
    ...(since(call, 3)
      ? {
          'OS-EXT-SRV-ATTR:hostname': row.hostname,
          'OS-EXT-SRV-ATTR:reservation_id': row.reservation_id,
          'OS-EXT-SRV-ATTR:launch_index': 0,
          'OS-EXT-SRV-ATTR:kernel_id': '',
          'OS-EXT-SRV-ATTR:ramdisk_id': '',
          'OS-EXT-SRV-ATTR:root_device_name': '/dev/vda',
          'OS-EXT-SRV-ATTR:user_data': nova.tables.userData.get(row.id)?.data ?? null,
        }
      : {}),
    ...(since(call, 16) ? { host_status: 'UP' } : {}),
  };
}

const embeddedFlavor = (flavor: Flavor): Json => ({
  vcpus: flavor.vcpus,
  ram: flavor.ram,
  disk: flavor.disk,
  ephemeral: 0,
  swap: 0,
  original_name: flavor.name,
  extra_specs: flavor.extra_specs,
});

/** Fixed and floating addresses by network name. */
export function addresses(nova: Nova, row: ServerRow): Record<string, Json[]> {
  const { tables } = nova.neutron;
  const found: Record<string, Json[]> = {};
  for (const port of tables.ports.by('device_id', row.id)) {
    const list = (found[tables.networks.get(port.network_id)?.name ?? port.network_id] ??= []);
    const mac = { 'OS-EXT-IPS-MAC:mac_addr': port.mac_address };
    for (const ip of port.fixed_ips) list.push({ version: 4, addr: ip.ip_address, 'OS-EXT-IPS:type': 'fixed', ...mac });
    for (const floating of tables.floatingIps.by('port_id', port.id))
      list.push({ version: 4, addr: floating.floating_ip_address, 'OS-EXT-IPS:type': 'floating', ...mac });
  }
  return found;
}
