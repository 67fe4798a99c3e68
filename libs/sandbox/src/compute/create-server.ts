import { randomBytes } from 'node:crypto';
import { newId, nowSeconds } from '../cloud.js';
import { badRequest, conflict, forbidden } from '../server/api-error.js';
import { since } from '../server/call.js';
import type { Call } from '../server/call.js';
import type { Fields } from '../server/fields.js';
import type { Port } from '../network/rows.js';
import { createBlockDevices } from './block-devices.js';
import { novaInvalid } from './nova.js';
import type { Nova } from './nova.js';
import type { Flavor, ServerGroup, ServerRow } from './rows.js';
import { textOf } from '../server/text.js';

const userDataLimit = 65_535;

/** Where a new server plugs in: a port of the user's, or a network on which Nova makes one. */
type Plug = { readonly port: Port } | { readonly networkId: string; readonly address: string | undefined };

/**
 * Makes a server's row, binds its ports, and begins to build it.
 * @throws ApiError as POST servers does, before anything was made (the unit takes back what was)
 */
export function createServer(nova: Nova, call: Call, fields: Fields, hints: Fields | undefined, name: string): ServerRow {
  const projectId = nova.member(call, 'servers:create');
  const { servers, userData, groups } = nova.tables;
  const flavor = statedFlavor(nova, fields);
  const imageId = statedImage(nova, call, fields);
  const keyName = fields.optionalText('key_name') ?? null;
  if (keyName !== null && nova.tables.keypairs.get(`${call.auth.user.id}/${keyName}`) === undefined)
    throw badRequest('Invalid key_name provided.');
  const data = statedUserData(fields);
  const metadata = fields.map('metadata') ?? {};
  const limits = nova.quotas.of(projectId);
  if (nova.quotas.exceeded(projectId, 'metadata_items', 0, Object.keys(metadata).length))
    throw forbidden(`Maximum number of metadata items exceeds ${limits['metadata_items']}`);
  checkQuota(nova, projectId, flavor);
  checkCapacity(nova, flavor);
  const plugs = statedPlugs(nova, call, fields, projectId);
  const group = statedGroup(nova, hints, projectId);
  const id = newId();
  const now = nowSeconds();
  const host = `compute-${(Number.parseInt(id.slice(0, 4), 16) % 200) + 1}`;
  const row: ServerRow = {
    id,
    name,
    project_id: projectId,
    user_id: call.auth.user.id,
    status: 'BUILD',
    task_state: 'spawning',
    flavor,
    image_id: imageId,
    key_name: keyName,
    metadata,
    tags: since(call, 52) ? (fields.texts('tags') ?? []) : [],
    description: fields.optionalText('description') ?? (since(call, 19) ? null : name),
    hostname: name
      .toLowerCase()
      .replace(/[^a-z0-9.-]+/g, '-')
      .slice(0, 63),
    host,
    availability_zone: fields.optionalText('availability_zone') ?? 'nova',
    config_drive: fields.flag('config_drive', false),
    locked: false,
    group_id: group?.id ?? null,
    created_at: now,
    updated_at: now,
    launched_at: null,
    fault: null,
    reservation_id: `r-${randomBytes(4).toString('hex')}`,
    own_port_ids: [],
  };
  const ownPorts = plugs.flatMap((plug) => plugIn(nova, plug, row, fields, projectId));
  servers.insert({ ...row, own_port_ids: ownPorts });
  if (data !== undefined) userData.insert({ id, data });
  if (group !== undefined) groups.patch(group.id, { members: [...group.members, id] });
  createBlockDevices(nova, call, fields, row);
  nova.build(row, call.outcome);
  return row;
}

function statedFlavor(nova: Nova, fields: Fields): Flavor {
  const reference = textOf(fields.source['flavorRef']);
  const id = reference.slice(reference.lastIndexOf('/') + 1);
  if (id === '') throw novaInvalid('flavorRef', null, "'flavorRef' is a required property");
  const flavor = nova.tables.flavors.get(id);
  if (flavor === undefined) throw badRequest(`Flavor ${id} could not be found.`);
  return flavor;
}

function statedImage(nova: Nova, call: Call, fields: Fields): string | null {
  const reference = fields.optionalText('imageRef', 512) ?? '';
  const id = reference.slice(reference.lastIndexOf('/') + 1);
  if (id === '') {
    if ((fields.objects('block_device_mapping_v2') ?? []).length === 0) throw badRequest('Invalid imageRef provided.');
    return null;
  }
  const image = nova.glance.images.get(id);
  if (image === undefined || !nova.glance.isVisible(image, call)) throw badRequest(`Can not find requested image`);
  if (image.status !== 'active') throw badRequest(`Image ${id} is not active.`);
  return id;
}

function statedUserData(fields: Fields): string | undefined {
  const data = fields.source['user_data'];
  if (data === undefined || data === null) return undefined;
  if (typeof data !== 'string' || !/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(data))
    throw novaInvalid('user_data', data, "is not a 'base64'");
  if (data.length > userDataLimit) throw novaInvalid('user_data', data, `'${data.slice(0, 32)}...' is too long`);
  return data;
}

function checkQuota(nova: Nova, projectId: string, flavor: Flavor): void {
  const limits = nova.quotas.of(projectId);
  const used = nova.tables.servers.count('project_id', projectId);
  if (nova.quotas.exceeded(projectId, 'instances', used))
    throw forbidden(`Quota exceeded for instances: Requested 1, but already used ${used} of ${limits['instances']} instances`);
  for (const [resource, wanted, of] of [
    ['cores', flavor.vcpus, 'vcpus'],
    ['ram', flavor.ram, 'ram'],
  ] as const) {
    if ((limits[resource] ?? -1) < 0) continue;
    const sum = nova.tables.servers.by('project_id', projectId).reduce((total, row) => total + row.flavor[of], 0);
    if (nova.quotas.exceeded(projectId, resource, sum, wanted))
      throw forbidden(
        `Quota exceeded for ${resource}: Requested ${wanted}, but already used ${sum} of ${limits[resource]} ${resource}`,
      );
  }
}

/** Nobody gets more than this computer can carry, whatever the project's own limits are. */
function checkCapacity(nova: Nova, flavor: Flavor): void {
  const { capacity } = nova;
  if (capacity === undefined) return;
  const rows = [...nova.tables.servers.all()];
  for (const [resource, of, limit] of [
    ['cores', 'vcpus', capacity.cpus],
    ['ram', 'ram', capacity.memoryMib],
  ] as const) {
    const used = rows.reduce((total, row) => total + row.flavor[of], 0);
    if (used + flavor[of] > limit)
      throw forbidden(
        `Quota exceeded for ${resource}: Requested ${flavor[of]}, but already used ${used} of ${limit} ${resource} (all that this computer has for machines)`,
      );
  }
}

function statedPlugs(nova: Nova, call: Call, fields: Fields, projectId: string): Plug[] {
  const { networks, ports } = nova.neutron.tables;
  const stated = fields.source['networks'];
  if (stated === 'none' && since(call, 37)) return [];
  if (stated === undefined || (stated === 'auto' && since(call, 37))) {
    if (stated === undefined && since(call, 37))
      throw novaInvalid('server', fields.source['name'], "'networks' is a required property");
    const own = networks.by('project_id', projectId).filter((network) => !network['router:external']);
    if (own.length > 1) throw conflict('Multiple possible networks found, use a Network ID to be more specific.');
    return own.map((network) => ({ networkId: network.id, address: undefined }));
  }
  return (fields.objects('networks') ?? []).map((item): Plug => {
    const portId = item.optionalText('port');
    if (portId !== undefined) {
      const port = ports.get(portId);
      if (port === undefined || (!call.auth.isAdmin && port.project_id !== projectId))
        throw badRequest(`Port ${portId} could not be found.`);
      if (port.device_id !== '') throw conflict(`Port ${portId} is still in use.`);
      if (port.fixed_ips.length === 0) throw badRequest(`Port ${portId} requires a FixedIP in order to be used.`);
      return { port };
    }
    const networkId = item.optionalText('uuid') ?? '';
    const network = networks.get(networkId);
    if (
      network === undefined ||
      !(network.project_id === projectId || network.shared || network['router:external'] || call.auth.isAdmin)
    )
      throw badRequest(`Network ${networkId} could not be found.`);
    if (network['router:external'] && !network.shared && !call.auth.isAdmin)
      throw forbidden(`It is not allowed to create an interface on external network ${networkId}`);
    if (nova.neutron.tables.subnets.count('network_id', networkId) === 0)
      throw badRequest(`Network ${networkId} requires a subnet in order to boot instances on.`);
    return { networkId, address: item.optionalText('fixed_ip') };
  });
}

/** @returns ids of ports made for it */
function plugIn(nova: Nova, plug: Plug, row: ServerRow, fields: Fields, projectId: string): string[] {
  const bound = { device_id: row.id, device_owner: `compute:${row.availability_zone}`, 'binding:host_id': row.host } as const;
  if ('port' in plug) {
    nova.neutron.update(nova.neutron.tables.ports, plug.port, bound);
    return [];
  }
  const groups = (fields.objects('security_groups') ?? []).map((item) => {
    const name = item.text('name');
    const found = nova.neutron.tables.groups
      .by('project_id', projectId)
      .find((group) => group.id === name || group.name === name);
    if (found === undefined) throw badRequest(`Unable to find security_group with name or id '${name}'`);
    return found.id;
  });
  const port = nova.neutron.createPort({
    networkId: plug.networkId,
    projectId,
    fixedIps: plug.address === undefined ? undefined : [{ address: plug.address }],
    securityGroups: groups.length > 0 ? groups : undefined,
    deviceId: row.id,
    deviceOwner: bound.device_owner,
    more: { 'binding:host_id': row.host },
  });
  return [port.id];
}

function statedGroup(nova: Nova, hints: Fields | undefined, projectId: string): ServerGroup | undefined {
  const id = hints?.optionalText('group');
  if (id === undefined) return undefined;
  const group = nova.tables.groups.get(id);
  if (group === undefined || group.project_id !== projectId) throw badRequest(`Instance group ${id} could not be found.`);
  return group;
}
