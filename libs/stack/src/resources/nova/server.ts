import { InvalidInput } from '#libs/domain';
import { codeOfFault, type Server } from '#libs/openstack';
import { z } from 'zod';
import { ResourceInError } from '../../errors.js';
import { defineResource, type Attributes, type ResourceContext } from '../../resource.js';
import { adopt } from '../adopt.js';
import { cloudOf, everywhere, unlessInUse } from '../answers.js';
import { flag, given, reference, text, textMap, texts } from '../fields.js';
import { clusterPrefix, hasOurMetadata, metadataOf, nameOf } from '../identity.js';
import { blockDevice, wireBlockDevice } from './block-devices.js';

const properties = z.strictObject({
  name: text().optional(),
  /** Ids: names are looked up before the template is made. */
  image: reference().optional(),
  flavor: reference(),
  key_name: text().optional(),
  availability_zone: text().optional(),
  networks: z
    .array(
      z.strictObject({
        port: reference().optional(),
        network: reference().optional(),
        uuid: reference().optional(),
        fixed_ip: text().optional(),
        tag: text().optional(),
        allocate_network: z.enum(['none', 'auto']).optional(),
      }),
    )
    .optional(),
  security_groups: texts().optional(),
  /** Plain text; base64 on the wire. */
  user_data: text().optional(),
  user_data_format: z.literal('RAW').optional(),
  metadata: textMap().optional(),
  config_drive: flag().optional(),
  scheduler_hints: z.record(z.string(), z.unknown()).optional(),
  block_device_mapping_v2: z.array(blockDevice).optional(),
  diskConfig: z.enum(['AUTO', 'MANUAL']).optional(),
  admin_pass: text().optional(),
  tags: texts().optional(),
});
type Properties = z.infer<typeof properties>;

/** Of the encoded text. Source: nova/api/openstack/compute/schemas/user_data.py. */
const MAX_USER_DATA = 65_535;

function wire(ctx: ResourceContext, p: Properties): object {
  return given({
    name: nameOf(ctx, p),
    imageRef: p.image ?? '',
    flavorRef: p.flavor,
    key_name: p.key_name,
    availability_zone: p.availability_zone,
    networks: networksOf(p),
    security_groups: p.security_groups?.map((name) => ({ name })),
    user_data: p.user_data === undefined ? undefined : encode(p.user_data),
    metadata: { ...p.metadata, ...metadataOf(ctx) },
    config_drive: p.config_drive,
    block_device_mapping_v2: p.block_device_mapping_v2?.map(wireBlockDevice),
    'OS-DCF:diskConfig': p.diskConfig,
    adminPass: p.admin_pass,
    tags: p.tags,
  });
}

function networksOf(p: Properties): unknown {
  const word = p.networks?.find((network) => network.allocate_network)?.allocate_network;
  if (word) return word;
  return p.networks?.map(({ port, network, uuid, fixed_ip, tag }) =>
    port ? given({ port, tag }) : given({ uuid: network ?? uuid, fixed_ip, tag }),
  );
}

/** @throws InvalidInput `user-data-too-large` before anything is asked */
function encode(userData: string): string {
  const encoded = Buffer.from(userData, 'utf8').toString('base64');
  if (encoded.length <= MAX_USER_DATA) return encoded;
  throw new InvalidInput(
    'user-data-too-large',
    `the user data is ${encoded.length} bytes in base64, Nova takes ${MAX_USER_DATA}`,
    {
      bytes: encoded.length,
      limit: MAX_USER_DATA,
    },
  );
}

const observed = (ctx: ResourceContext, id: string, askTwice = false): Promise<Server | null> =>
  ctx.cloud.compute.servers.observe(id, { namePrefix: clusterPrefix(ctx), signal: ctx.signal, askTwice });

function attributesOf(one: Server): Attributes {
  const networks = Object.fromEntries(
    Object.entries(one.addresses).map(([network, addresses]) => [network, addresses.map(({ addr }) => addr)]),
  );
  return {
    name: one.name,
    addresses: one.addresses,
    networks,
    first_address: Object.values(networks).flat()[0] ?? '',
    accessIPv4: one.accessIPv4 ?? '',
    accessIPv6: one.accessIPv6 ?? '',
  };
}

function faultOf(server: Server): string {
  return server.fault?.message || `the server is in ${server.status} and Nova does not say why`;
}

/**
 * OS::Nova::Server. Found again by its name, compared exactly, and `jeroboam_resource` in its metadata; waited for through
 * one list that all servers of the cluster share. Wire: Nova `servers`, API 2.79.
 */
export const server = defineResource({
  type: 'OS::Nova::Server',
  properties,
  updatable: ['metadata'],
  defaults: { metadata: {} },
  attributes: ['name', 'addresses', 'networks', 'first_address', 'accessIPv4', 'accessIPv6'],
  find: async (ctx, p) => {
    const { servers } = cloudOf(ctx).compute;
    const named = await servers.named(nameOf(ctx, p), await everywhere(ctx));
    return adopt(
      named
        .filter((one) => hasOurMetadata(ctx, one) && !isDeleted(one))
        .map((one) => ({ id: one.id, created_at: one.created, status: one.status })),
      (one) => one.status !== 'ERROR',
      (one) => servers.delete(one.id),
    );
  },
  create: (ctx, p) => cloudOf(ctx).compute.servers.boot(wire(ctx, p), p.scheduler_hints),
  poll: async (ctx, id) => {
    const one = await observed(ctx, id, true);
    if (one === null) throw new ResourceInError('the server is gone', 'cloud-object-deleted');
    if (one.status === 'ERROR')
      throw new ResourceInError(faultOf(one), codeOfFault('compute', faultOf(one)) ?? 'server-in-error');
    if (isDeleted(one)) throw new ResourceInError('the server was deleted', 'cloud-object-deleted');
    return one.status === 'ACTIVE' ? { attributes: attributesOf(one) } : 'pending';
  },
  update: async (ctx, id, _changed, p) => {
    await cloudOf(ctx).compute.servers.replaceMetadata(id, { ...p.metadata, ...metadataOf(ctx) });
    return 'updated';
  },
  remove: (ctx, id) => unlessInUse(cloudOf(ctx).compute.servers.delete(id)),
  gone: async (ctx, id) => {
    const one = await observed(ctx, id);
    return one === null || isDeleted(one);
  },
  read: async (ctx, id) => attributesOf(await cloudOf(ctx).compute.servers.get(id)),
  /** A port or a volume is one server's alone. */
  excludes: (before, after) => {
    const taken = new Set(ownedBy(before));
    return ownedBy(after).some((id) => taken.has(id));
  },
});

const ownedBy = (p: Properties): string[] =>
  [...(p.networks ?? []).map(({ port }) => port), ...(p.block_device_mapping_v2 ?? []).map((device) => device.volume_id)].filter(
    (id) => id !== undefined,
  );

const isDeleted = (one: Server): boolean => one.status === 'DELETED' || one.status === 'SOFT_DELETED';
