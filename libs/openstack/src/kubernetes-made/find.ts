import { isServiceAbsent, type ServiceName } from '../errors.js';
import type { LoadBalancer } from '../load-balancer/load-balancers.js';
import type { FloatingIp } from '../network/floating-ips.js';
import type { SecurityGroup } from '../network/security-groups.js';
import type { CloudSession } from '../session.js';
import type { Snapshot } from '../volume/snapshots.js';
import type { Volume } from '../volume/volumes.js';
import { CSI_CLUSTER_KEY, ownershipOf } from './ownership.js';

/** What the programs of one cluster have made in the cloud, and what of others is tied to it. */
export interface KubernetesMade {
  readonly loadBalancers: readonly LoadBalancer[];
  /** Load balancers of others that Services of this cluster use. */
  readonly borrowed: readonly LoadBalancer[];
  readonly floatingIps: readonly FloatingIp[];
  /** Floating IPs of others on the load balancers of this cluster. */
  readonly lentIps: readonly FloatingIp[];
  readonly securityGroups: readonly SecurityGroup[];
  readonly volumes: readonly Volume[];
  readonly snapshots: readonly Snapshot[];
}

export interface WhoseObjects {
  readonly clusterUuid: string;
  /** The cluster's project: what is in other projects is not looked at, whoever looks. */
  readonly projectId: string;
}

/**
 * Asks Octavia, Neutron and Cinder. Cinder filters by metadata itself; the others know whole names alone, so that the
 * project's own are listed and compared here. A service that the catalogue does not have has nothing.
 * @param unless when given: called for each service that does not answer, whose objects are then left out
 * @throws OpenStackError
 */
export async function findKubernetesMade(
  session: CloudSession,
  { clusterUuid, projectId }: WhoseObjects,
  unless?: (service: ServiceName, error: unknown) => void,
): Promise<KubernetesMade> {
  const own = ownershipOf(clusterUuid);
  const attempt = async <T>(service: ServiceName, list: () => Promise<T[]>): Promise<T[]> => {
    try {
      return await list();
    } catch (error) {
      if (isServiceAbsent(error)) return [];
      if (!unless) throw error;
      unless(service, error);
      return [];
    }
  };
  const stored = { ...(await foreign(session, projectId)), metadata: JSON.stringify({ [CSI_CLUSTER_KEY]: clusterUuid }) };
  const [balancers, addresses, groups, volumes, snapshots] = await Promise.all([
    attempt('load-balancer', () => session.loadBalancer.loadBalancers.list({ project_id: projectId })),
    attempt('network', () => session.network.floatingIps.list({ project_id: projectId })),
    // Without their rules, of which there may be thousands.
    attempt('network', () =>
      session.network.securityGroups.list({ project_id: projectId, fields: ['id', 'name', 'description'] }),
    ),
    attempt('volume', () => session.volume.volumes.list(stored)),
    attempt('volume', () => session.volume.snapshots.list(stored)),
  ]);
  const loadBalancers = balancers.filter((one) => own.loadBalancer(one));
  const ports = new Set(loadBalancers.map(({ vip_port_id }) => vip_port_id));
  return {
    loadBalancers,
    borrowed: balancers.filter((one) => !own.loadBalancer(one) && own.usedBy(one).length > 0),
    floatingIps: addresses.filter((one) => own.floatingIp(one)),
    lentIps: addresses.filter((one) => !own.floatingIp(one) && one.port_id && ports.has(one.port_id)),
    securityGroups: groups.filter((one) => own.securityGroup(one)),
    // Compared again: a Cinder that does not know the filter leaves it out.
    volumes: volumes.filter((one) => own.stored(one)),
    snapshots: snapshots.filter((one) => own.stored(one)),
  };
}

/** Cinder lists other projects for administrators only when asked for all. */
async function foreign(session: CloudSession, projectId: string): Promise<Record<string, string>> {
  return (await session.projectId()) === projectId ? {} : { all_tenants: '1', project_id: projectId };
}
