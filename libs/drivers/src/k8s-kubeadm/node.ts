import { labelInteger, labelList, labelText } from '#libs/domain';
import { getAttr, getParam, getResource, resource } from '../hot.js';
import type { ClusterSpec, GroupSpec, HotResource, NodeSpec } from '../types.js';

export interface NodeContext {
  readonly cluster: ClusterSpec;
  readonly group: GroupSpec;
  /** Expression: a parameter or a resource of the same stack. */
  readonly serverGroup: object;
  readonly withPool: boolean;
}

/** The volumes a server may have besides its disk: purpose, as the node knows it, and size. */
interface ExtraVolume {
  readonly purpose: 'docker' | 'etcd';
  readonly sizeGib: number;
  readonly type: string;
}

/** Everything of one node: port, server, volumes, membership in the API's pool. `name` is its logical name. */
export function nodeResources(context: NodeContext, name: string, node: NodeSpec): Record<string, HotResource> {
  const { cluster, group } = context;
  const zone = zoneOf(cluster, group, node);
  const extra = extraVolumes(cluster, group);
  const bootGib = labelInteger(group.labels, 'boot_volume_size');
  const volumeZone = labelText(group.labels, 'boot_volume_availability_zone') || zone;
  const volume = (size: number, type: string, image?: unknown): HotResource =>
    resource('OS::Cinder::Volume', { size, volume_type: type || undefined, availability_zone: volumeZone, image });
  return {
    [`${name}-port`]: resource('OS::Neutron::Port', {
      network: getParam('network'),
      fixed_ips: [{ subnet: getParam('subnet') }],
      security_groups: [getParam('cluster_security_group'), getParam('role_security_group')],
    }),
    ...(bootGib > 0 ? { [`${name}-boot`]: volume(bootGib, labelText(group.labels, 'boot_volume_type'), node.imageId) } : {}),
    ...Object.fromEntries(extra.map(({ purpose, sizeGib, type }) => [`${name}-${purpose}`, volume(sizeGib, type)])),
    [name]: resource('OS::Nova::Server', {
      name: node.name,
      flavor: node.flavorId,
      ...(bootGib > 0 ? { block_device_mapping_v2: [bootDevice(`${name}-boot`)] } : { image: node.imageId }),
      key_name: cluster.keypair === null ? undefined : getParam('key_name'),
      networks: [{ port: getResource(`${name}-port`) }],
      availability_zone: zone,
      scheduler_hints: { group: context.serverGroup },
      // The node finds its volumes by these ids, whatever order the hypervisor shows them in.
      metadata: {
        jeroboam_cluster: cluster.uuid,
        jeroboam_node: node.uuid,
        ...Object.fromEntries(extra.map(({ purpose }) => [`jeroboam_volume_${purpose}`, getResource(`${name}-${purpose}`)])),
      },
      config_drive: true,
      user_data_format: 'RAW',
      user_data: getParam(userDataParameter(node.slot)),
    }),
    ...Object.fromEntries(
      extra.map(({ purpose }) => [
        `${name}-${purpose}-attachment`,
        resource('OS::Cinder::VolumeAttachment', {
          instance_uuid: getResource(name),
          volume_id: getResource(`${name}-${purpose}`),
        }),
      ]),
    ),
    ...(context.withPool && !node.leaving
      ? {
          [`${name}-member`]: resource('OS::Octavia::PoolMember', {
            pool: getParam('pool'),
            address: privateIp(name),
            protocol_port: cluster.apiPort,
            subnet: getParam('subnet'),
          }),
        }
      : {}),
  };
}

export const userDataParameter = (slot: number): string => `user_data_${slot}`;
const privateIp = (name: string): object => getAttr(`${name}-port`, 'fixed_ips', 0, 'ip_address');

/** The volume is the stack's own resource, so Nova leaves it alone. */
const bootDevice = (volume: string): object => ({ boot_index: 0, volume_id: getResource(volume), delete_on_termination: false });

function extraVolumes(cluster: ClusterSpec, group: GroupSpec): ExtraVolume[] {
  const docker = group.dockerVolumeSizeGib ?? 0;
  const etcd = group.role === 'master' ? labelInteger(cluster.labels, 'etcd_volume_size') : 0;
  const volumes: ExtraVolume[] = [
    { purpose: 'docker', sizeGib: docker, type: labelText(group.labels, 'docker_volume_type') },
    { purpose: 'etcd', sizeGib: etcd, type: labelText(cluster.labels, 'etcd_volume_type') },
  ];
  return volumes.filter((volume) => volume.sizeGib > 0);
}

/** Masters take the zones of control_plane_availability_zones in turn. */
function zoneOf(cluster: ClusterSpec, group: GroupSpec, node: NodeSpec): string | undefined {
  const zones = group.role === 'master' ? labelList(cluster.labels, 'control_plane_availability_zones') : [];
  return zones[node.slot % zones.length] ?? (labelText(group.labels, 'availability_zone') || undefined);
}
