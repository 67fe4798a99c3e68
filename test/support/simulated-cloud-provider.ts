import { randomUUID } from 'node:crypto';
import type { CloudSession, FloatingIp, LoadBalancer, SecurityGroup, Snapshot, Volume } from '#libs/openstack';

export interface MadeService {
  readonly balancer: LoadBalancer;
  readonly address: FloatingIp | null;
  readonly group: SecurityGroup;
}

/** Where its load balancers stand. */
export interface Place {
  readonly subnetId: string;
  /** Null: an internal Service. */
  readonly externalNetworkId: string | null;
}

/**
 * Plays the cloud controller manager and Cinder CSI of a cluster: makes what they make over the real wire, as the cluster's
 * user, with the names, descriptions, tags and metadata of upstream. Source: cloud-provider-openstack 1.36,
 * pkg/openstack/loadbalancer.go (createOctaviaLoadBalancer, ensureFloatingIP), loadbalancer_sg.go, pkg/csi/cinder.
 */
export class SimulatedCloudProvider {
  constructor(
    private readonly cloud: CloudSession,
    /** `--cluster-name` of the one, `--cluster` of the other: the cluster's uuid. */
    private readonly clusterName: string,
  ) {}

  /** A Service of type LoadBalancer on these nodes. Waits until the load balancer is ACTIVE. */
  async service(namespace: string, name: string, place: Place, nodeServerIds: readonly string[] = []): Promise<MadeService> {
    const { network } = this.cloud;
    const balancer = await this.balancer(namespace, name, place.subnetId);
    const description = `Floating IP for Kubernetes external service ${namespace}/${name} from cluster ${this.clusterName}`;
    const address =
      place.externalNetworkId === null
        ? null
        : await network.floatingIps.create({
            floating_network_id: place.externalNetworkId,
            port_id: balancer.vip_port_id,
            description,
          });
    const group = await network.securityGroups.create({
      name: `lb-sg-${randomUUID()}-${namespace}-${name}`,
      description: `Security Group for ${namespace}/${name} Service LoadBalancer in cluster ${this.clusterName}`,
    });
    await network.securityGroupRules.create({
      security_group_id: group.id,
      direction: 'ingress',
      ethertype: 'IPv4',
      protocol: 'tcp',
      port_range_min: 30080,
      port_range_max: 30080,
      remote_ip_prefix: '10.0.0.0/24',
    });
    for (const id of nodeServerIds) {
      for (const port of await network.ports.list({ device_id: id }))
        await network.ports.update(port.id, { security_groups: [...port.security_groups, group.id] });
    }
    return { balancer, address, group };
  }

  /** The load balancer alone, fully populated, without waiting. */
  async beginBalancer(namespace: string, name: string, subnetId: string, more: object = {}): Promise<LoadBalancer> {
    const full = this.nameOf(namespace, name);
    return this.cloud.loadBalancer.loadBalancers.create({
      name: full,
      description: `Kubernetes external service ${namespace}/${name} from cluster ${this.clusterName}`,
      tags: [full],
      vip_subnet_id: subnetId,
      listeners: [
        {
          name: `listener_0_${full}`,
          protocol: 'TCP',
          protocol_port: 80,
          tags: [full],
          default_pool: {
            name: `pool_0_${full}`,
            protocol: 'TCP',
            lb_algorithm: 'ROUND_ROBIN',
            members: [{ address: '10.0.0.77', protocol_port: 30080, subnet_id: subnetId }],
          },
        },
      ],
      ...more,
    });
  }

  async balancer(namespace: string, name: string, subnetId: string, more: object = {}): Promise<LoadBalancer> {
    const begun = await this.beginBalancer(namespace, name, subnetId, more);
    return until(
      () => this.cloud.loadBalancer.loadBalancers.get(begun.id),
      ({ provisioning_status }) => /^(ACTIVE|ERROR)$/.test(provisioning_status),
    );
  }

  /** A PersistentVolumeClaim's volume. */
  async claim(namespace: string, name: string, serverId: string | null = null): Promise<Volume> {
    const pv = `pvc-${randomUUID()}`;
    const { id } = await this.cloud.volume.volumes.create({
      name: pv,
      size: 1,
      description: 'Created by OpenStack Cinder CSI driver',
      metadata: {
        'cinder.csi.openstack.org/cluster': this.clusterName,
        'csi.storage.k8s.io/pvc/name': name,
        'csi.storage.k8s.io/pvc/namespace': namespace,
        'csi.storage.k8s.io/pv/name': pv,
      },
    });
    const get = (): Promise<Volume> => this.cloud.volume.volumes.get(id);
    await until(get, ({ status }) => status === 'available');
    if (serverId === null) return get();
    await this.cloud.compute.volumeAttachments.create(serverId, { volumeId: id });
    return until(get, ({ status }) => status === 'in-use');
  }

  async snapshot(volume: Volume, name: string): Promise<Snapshot> {
    const { id } = await this.cloud.volume.snapshots.create({
      volume_id: volume.id,
      name: `snapshot-${randomUUID()}`,
      description: 'Created by OpenStack Cinder CSI driver',
      force: true,
      metadata: {
        'cinder.csi.openstack.org/cluster': this.clusterName,
        'csi.storage.k8s.io/volumesnapshot/name': name,
      },
    });
    return until(
      () => this.cloud.volume.snapshots.get(id),
      ({ status }) => status === 'available',
    );
  }

  nameOf(namespace: string, name: string): string {
    return `kube_service_${this.clusterName}_${namespace}_${name}`;
  }
}

/** The PersistentVolume that the CSI provisioner makes for a volume. */
export function persistentVolume(
  volume: Volume,
  policy: 'Delete' | 'Retain',
): { apiVersion: string; kind: string; metadata: { name: string }; spec: object } {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: volume.name ?? volume.id },
    spec: {
      persistentVolumeReclaimPolicy: policy,
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '1Gi' },
      csi: { driver: 'cinder.csi.openstack.org', volumeHandle: volume.id },
    },
  };
}

async function until<T>(ask: () => Promise<T>, condition: (now: T) => boolean): Promise<T> {
  const deadline = Date.now() + 300_000;
  for (;;) {
    const now = await ask();
    if (condition(now)) return now;
    if (Date.now() > deadline) throw new Error(`not within 300 s: ${JSON.stringify(now)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
