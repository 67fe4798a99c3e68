import assert from 'node:assert/strict';
import { ClusterIdentity } from '../../apps/conductor/src/cloud/cluster-identity.js';
import { ClusterKube } from '../../apps/conductor/src/kubernetes/cluster-kube.js';
import { ClusterWorkRepository } from '#libs/db';
import { allProjects } from '#libs/domain';
import type { ClusterClient, KubernetesObject } from '#libs/kubernetes';
import type { CloudSession, Volume } from '#libs/openstack';
import type { FaultSite } from './fault-site.js';
import { persistentVolume, SimulatedCloudProvider, type Place } from './simulated-cloud-provider.js';

const SERVICE = allProjects('a test');

/** A cluster of a site in use: somebody has made Services and claims in it. */
export interface UsedCluster {
  readonly provider: SimulatedCloudProvider;
  /** As the cluster's user, by the trust. */
  readonly cloud: CloudSession;
  readonly place: Place;
  readonly networkId: string;
  /** Server ids of its nodes. */
  readonly nodes: readonly string[];
}

/** What the users of clusters do, and what the tests ask about it. */
export class KubernetesUse {
  private readonly identity: ClusterIdentity;
  private readonly kube: ClusterKube;
  private readonly clusters: ClusterWorkRepository;

  constructor(private readonly on: FaultSite) {
    const { cloud, secrets, settings } = on.site.parts;
    this.identity = new ClusterIdentity(cloud, secrets, settings);
    this.kube = new ClusterKube(secrets);
    this.clusters = new ClusterWorkRepository(on.site.database.source);
  }

  async of(uuid: string): Promise<UsedCluster> {
    const cluster = await this.clusters.find(SERVICE, uuid);
    assert.ok(cluster);
    const cloud = await this.identity.owner(cluster);
    assert.ok(cloud);
    const rows: { type: string; physical_id: string }[] = await this.on.site.database.source.query(
      `SELECT r.type, r.physical_id FROM stack_resources r JOIN stacks s ON s.uuid = r.stack_uuid WHERE s.cluster_uuid = $1`,
      [uuid],
    );
    const ids = (type: string): string[] => rows.filter((row) => row.type === type).map((row) => row.physical_id);
    const [external] = await cloud.network.networks.list({ name: 'public' });
    const [subnetId = ''] = ids('OS::Neutron::Subnet');
    const [networkId = ''] = ids('OS::Neutron::Net');
    return {
      provider: new SimulatedCloudProvider(cloud, uuid),
      cloud,
      place: { subnetId, externalNetworkId: external?.id ?? null },
      networkId,
      nodes: ids('OS::Nova::Server'),
    };
  }

  async persist(uuid: string, volumes: readonly Volume[], policy: 'Delete' | 'Retain'): Promise<void> {
    for (const volume of volumes) await this.apply(uuid, persistentVolume(volume, policy));
  }

  /** An object of the cluster's Kubernetes. */
  async apply(uuid: string, object: KubernetesObject): Promise<void> {
    const cluster = await this.clusters.find(SERVICE, uuid);
    assert.ok(cluster);
    const kube: ClusterClient = await this.kube.connect(cluster, 10);
    try {
      await kube.apply(object, 'test');
    } finally {
      await kube.close();
    }
  }

  /** The cluster's row is gone. @throws AssertionError the delete has failed */
  async gone(uuid: string): Promise<void> {
    const left = await this.on.site.until(uuid, (cluster) => cluster === null || cluster.status === 'DELETE_FAILED');
    assert.equal(left && `${left.status}: ${left.status_reason}`, null);
  }

  /** What the last deletion has reported. */
  async result<T>(uuid: string): Promise<T> {
    const rows: { result: T }[] = await this.on.site.database.source.query(
      `SELECT result FROM operations WHERE cluster_uuid = $1 AND kind = 'delete' ORDER BY id DESC LIMIT 1`,
      [uuid],
    );
    assert.ok(rows[0]?.result);
    return rows[0].result;
  }

  async events(uuid: string, type: string): Promise<string[]> {
    const rows: { message: string }[] = await this.on.site.database.source.query(
      'SELECT message FROM events WHERE cluster_uuid = $1 AND type = $2 ORDER BY id',
      [uuid, type],
    );
    return rows.map(({ message }) => message);
  }
}
