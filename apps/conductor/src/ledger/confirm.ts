import type { Finding } from '#libs/db';
import { absent, type CloudSession } from '#libs/openstack';

/** So many in one look; what is left is asked at the next. */
const MOST = 500;

/** Lists may be stale, and Nova leaves out a cell that is down: what is missing in a list is asked for by itself before it counts. */
export async function confirmMissing(findings: readonly Finding[], cloud: CloudSession): Promise<Finding[]> {
  const kept: Finding[] = [];
  let asked = 0;
  for (const finding of findings) {
    const look = finding.class === 'missing' ? LOOKS[finding.kind] : undefined;
    if (!look) {
      kept.push(finding);
      continue;
    }
    if (++asked > MOST) continue;
    const object = await absent(look(cloud, finding.objectId));
    if (object === null || isDeleted(object)) kept.push(finding);
  }
  return kept;
}

const isDeleted = (object: object): boolean => 'status' in object && ['DELETED', 'SOFT_DELETED'].includes(String(object.status));

type Look = (cloud: CloudSession, id: string) => Promise<object>;

export const LOOKS: Readonly<Record<string, Look>> = {
  'OS::Nova::Server': (cloud, id) => cloud.compute.servers.get(id),
  'OS::Nova::ServerGroup': (cloud, id) => cloud.compute.serverGroups.get(id),
  'OS::Neutron::Net': (cloud, id) => cloud.network.networks.get(id),
  'OS::Neutron::Subnet': (cloud, id) => cloud.network.subnets.get(id),
  'OS::Neutron::Router': (cloud, id) => cloud.network.routers.get(id),
  'OS::Neutron::Port': (cloud, id) => cloud.network.ports.get(id),
  'OS::Neutron::SecurityGroup': (cloud, id) => cloud.network.securityGroups.get(id),
  'OS::Neutron::FloatingIP': (cloud, id) => cloud.network.floatingIps.get(id),
  'OS::Octavia::LoadBalancer': (cloud, id) => cloud.loadBalancer.loadBalancers.get(id),
  'OS::Octavia::Listener': (cloud, id) => cloud.loadBalancer.listeners.get(id),
  'OS::Octavia::Pool': (cloud, id) => cloud.loadBalancer.pools.get(id),
  'OS::Octavia::HealthMonitor': (cloud, id) => cloud.loadBalancer.healthMonitors.get(id),
  'OS::Octavia::PoolMember': (cloud, id) => {
    const [pool = '', member = ''] = id.split('/');
    return cloud.loadBalancer.members.of(pool).get(member);
  },
  'OS::Cinder::Volume': (cloud, id) => cloud.volume.volumes.get(id),
};
