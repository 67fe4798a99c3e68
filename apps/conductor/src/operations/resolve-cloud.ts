import type { ClusterEntity, ClusterTemplateEntity, NodeGroupEntity } from '#libs/db';
import { imageVersion } from '#libs/bootstrap';
import { driverFor, OperationFailure, type ErrorCode } from '#libs/domain';
import type { ExistingNetwork } from '#libs/drivers';
import type { CloudSession, Found, Image } from '#libs/openstack';

/** Names have become ids: kept in the operation's request, so that it is asked once. */
export interface ResolvedCloud {
  readonly driver: string;
  readonly externalNetworkId: string | null;
  readonly existingNetwork: ExistingNetwork | null;
  /** By the group's uuid. */
  readonly groups: Readonly<Record<string, ResolvedGroup>>;
}

export interface ResolvedGroup {
  readonly flavorId: string;
  readonly imageId: string;
  /** The image's own Kubernetes; null: it is installed at boot. */
  readonly imageKubeVersion: string | null;
  /** The image's `os_distro`. An operation that an earlier release has begun does not know it. */
  readonly imageDistro?: string | null;
}

/**
 * Looks up in the cloud what cluster and template name, each name once.
 * @throws OperationFailure naming the object that is not there any more, or not alone with its name
 */
export async function resolveCloud(
  cloud: CloudSession,
  cluster: ClusterEntity,
  groups: readonly NodeGroupEntity[],
  template: ClusterTemplateEntity,
): Promise<ResolvedCloud> {
  const [external, existingNetwork, found] = await Promise.all([
    template.externalNetworkId
      ? cloud.network.networks
          .find(template.externalNetworkId)
          .then((network) => one('external network', template.externalNetworkId ?? '', network))
      : null,
    findExistingNetwork(cloud, cluster),
    resolveGroups(cloud, cluster, groups, template),
  ]);
  return { driver: found.driver, externalNetworkId: external?.id ?? null, existingNetwork, groups: found.groups };
}

/**
 * Looks up what these groups name, each name once.
 * @throws as `resolveCloud`; InvalidInput no driver for the image
 */
export async function resolveGroups(
  cloud: CloudSession,
  cluster: ClusterEntity,
  groups: readonly NodeGroupEntity[],
  template: ClusterTemplateEntity,
): Promise<Pick<ResolvedCloud, 'driver' | 'groups'>> {
  const flavor = once((name) => cloud.compute.flavors.find(name).then((found) => one('flavor', name, found)));
  const image = once((name) => cloud.image.images.find(name).then((found) => one('image', name, found)));
  const resolved = await Promise.all(
    groups.map(async (group) => {
      const [{ id: flavorId }, found] = await Promise.all([
        flavor(group.flavorId ?? cluster.flavorId ?? ''),
        image(group.imageId ?? template.imageId),
      ]);
      return {
        uuid: group.uuid,
        flavorId,
        imageId: found.id,
        imageKubeVersion: imageVersion(found),
        imageDistro: found.os_distro ?? null,
      };
    }),
  );
  const distro = template.clusterDistro ?? resolved[0]?.imageDistro ?? '';
  return {
    driver: driverFor({ serverType: template.serverType, distro, coe: template.coe }, template.driver),
    groups: Object.fromEntries(resolved.map(({ uuid, ...group }) => [uuid, group])),
  };
}

/** An image by name or id. @throws OperationFailure it is not there any more, or not alone with its name */
export async function findImage(cloud: CloudSession, name: string): Promise<Image> {
  return one('image', name, await cloud.image.images.find(name));
}

async function findExistingNetwork(cloud: CloudSession, cluster: ClusterEntity): Promise<ExistingNetwork | null> {
  const { fixedNetwork, fixedSubnet } = cluster;
  if (!fixedNetwork && !fixedSubnet) return null;
  if (fixedSubnet) {
    const subnet = one('fixed subnet', fixedSubnet, await cloud.network.subnets.find(fixedSubnet));
    return { networkId: subnet.network_id, subnetId: subnet.id, cidr: subnet.cidr };
  }
  const name = fixedNetwork ?? '';
  const network = one('fixed network', name, await cloud.network.networks.find(name));
  const subnets = (await cloud.network.subnets.list({ network_id: network.id })).filter((subnet) => subnet.ip_version === 4);
  const [subnet] = subnets;
  if (!subnet) throw missing('fixed network', name, 'has no IPv4 subnet');
  if (subnets.length > 1) throw missing('fixed network', name, 'has several subnets: name one as fixed_subnet', 'ambiguous-name');
  return { networkId: network.id, subnetId: subnet.id, cidr: subnet.cidr };
}

/** What a name can be the name of, and what its want is called. */
const KINDS = {
  flavor: 'flavor-not-found',
  image: 'image-not-found',
  'external network': 'external-network-not-found',
  'fixed network': 'fixed-network-not-found',
  'fixed subnet': 'fixed-subnet-not-found',
} as const;
type Kind = keyof typeof KINDS;

function one<T>(kind: Kind, name: string, found: Found<T>): T {
  if (found.kind === 'found') return found.object;
  if (found.kind === 'none') throw missing(kind, name, 'is not there');
  throw missing(kind, name, `is the name of ${found.ids.length} objects: give the id`, 'ambiguous-name');
}

function missing(kind: Kind, name: string, words: string, code: ErrorCode = KINDS[kind]): OperationFailure {
  return new OperationFailure(code, `resolve: ${kind} ${name} ${words}`, { step: 'resolve', object: `${kind} ${name}` });
}

/** Asks once for each name, and gives all who ask the same answer. */
function once<T>(ask: (name: string) => Promise<T>): (name: string) => Promise<T> {
  const asked = new Map<string, Promise<T>>();
  return (name) => {
    const answer = asked.get(name) ?? ask(name);
    asked.set(name, answer);
    return answer;
  };
}
