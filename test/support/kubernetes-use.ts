import assert from 'node:assert/strict';
import { ClusterIdentity } from '../../apps/conductor/src/cloud/cluster-identity.js';
import { ClusterKube } from '../../apps/conductor/src/kubernetes/cluster-kube.js';
import { ClusterWorkRepository } from '#libs/db';
import { allProjects } from '#libs/domain';
import type { ClusterClient, KubernetesObject } from '#libs/kubernetes';
import { absent, type CloudSession, type Volume } from '#libs/openstack';
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

  /** By hand, as an administrator; waits for the end. */
  async removeVolumes(snapshots: readonly string[], volumes: readonly string[]): Promise<void> {
    const { volume } = this.on.byHand();
    for (const id of snapshots)
      await removed(
        () => volume.snapshots.delete(id),
        () => volume.snapshots.get(id),
      );
    for (const id of volumes)
      await removed(
        () => volume.volumes.delete(id),
        () => volume.volumes.get(id),
      );
  }

  async removeBalancer(id: string, addressId: string | null): Promise<void> {
    const { loadBalancer, network } = this.on.byHand();
    const { loadBalancers } = loadBalancer;
    await removed(
      () => loadBalancers.delete(id, { cascade: true }),
      () => loadBalancers.get(id),
    );
    if (addressId !== null) await network.floatingIps.delete(addressId);
  }

  /** What a forced deletion has left of a cluster. */
  async removeAllOf(uuid: string): Promise<void> {
    const { network, loadBalancer } = this.on.byHand();
    // A service that has failed for a while is left alone for another while.
    await until(
      () =>
        loadBalancer.loadBalancers.list().then(
          () => true,
          () => false,
        ),
      60_000,
    );
    for (const { id } of (await loadBalancer.loadBalancers.list()).filter(({ name }) => name.includes(uuid)))
      await this.removeBalancer(id, null);
    for (const { id } of (await network.floatingIps.list()).filter(({ description }) => description?.includes(uuid)))
      await network.floatingIps.delete(id);
    const own = `k1-${uuid.replaceAll('-', '').slice(0, 12)}-`;
    const [router] = (await network.routers.list()).filter(({ name }) => name.startsWith(own));
    const [left] = (await network.networks.list()).filter(({ name }) => name.startsWith(own));
    for (const subnet of left?.subnets ?? [])
      if (router) await network.routers.removeInterface(router.id, { subnet_id: subnet }).catch(() => undefined);
    if (router) await network.routers.delete(router.id);
    if (left) await network.networks.delete(left.id);
  }

  async removeGroup(id: string): Promise<void> {
    await this.on.byHand().network.securityGroups.delete(id);
  }

  /** What an administrator does to a volume that hangs. */
  async setVolumeStatus(id: string, status: string): Promise<void> {
    await this.on.byHand().call({
      service: 'volume',
      method: 'POST',
      template: '/volumes/{id}/action',
      params: { id },
      body: { 'os-reset_status': { status } },
    });
  }

  /** The cluster's Kubernetes does not answer any more. */
  async silence(uuid: string): Promise<void> {
    await this.on.site.database.source.query(`UPDATE clusters SET api_address = 'https://127.0.0.1:9' WHERE uuid = $1`, [uuid]);
  }

  /** A network of the project with a way out, which is not the cluster's. */
  async network(cidr: string): Promise<{ networkId: string; subnetId: string; remove(): Promise<void> }> {
    const { cloud } = this.on.site.parts;
    const demo = cloud.session({
      kind: 'password',
      username: 'demo',
      password: this.on.site.sandbox.passwords.demo,
      userDomainName: 'Default',
      projectName: 'demo',
      projectDomainName: 'Default',
    });
    const { networks, subnets, routers } = demo.network;
    const [external] = await networks.list({ name: 'public' });
    const network = await networks.create({ name: 'home' });
    const subnet = await subnets.create({ network_id: network.id, cidr, ip_version: 4 });
    const router = await routers.create({ name: 'home', external_gateway_info: { network_id: external?.id } });
    await routers.addInterface(router.id, { subnet_id: subnet.id });
    return {
      networkId: network.id,
      subnetId: subnet.id,
      remove: async () => {
        await routers.removeInterface(router.id, { subnet_id: subnet.id });
        await routers.delete(router.id);
        await networks.delete(network.id);
      },
    };
  }

  /** A machine of the project's people, on a network of its own. */
  async server(cloud: CloudSession): Promise<{ id: string; useGroup(id: string): Promise<void>; remove(): Promise<void> }> {
    const { networks, subnets, ports } = cloud.network;
    const network = await networks.create({ name: 'others' });
    await subnets.create({ network_id: network.id, cidr: '10.98.0.0/24', ip_version: 4, gateway_ip: null });
    const port = await ports.create({ network_id: network.id, name: 'others-port' });
    const [flavor] = await cloud.compute.flavors.list();
    const [image] = await cloud.image.images.list({ name: 'debian-13' });
    const server = await cloud.compute.servers.create({
      name: 'others',
      flavorRef: flavor?.id,
      imageRef: image?.id,
      networks: [{ port: port.id }],
    });
    const byHand = this.on.byHand();
    await until(async () => (await cloud.compute.servers.get(server.id)).status === 'ACTIVE');
    return {
      id: server.id,
      useGroup: async (id) => {
        await ports.update(port.id, { security_groups: [...port.security_groups, id] });
      },
      remove: async () => {
        await removed(
          () => byHand.compute.servers.delete(server.id),
          () => byHand.compute.servers.get(server.id),
        );
        await byHand.network.ports.delete(port.id);
        await byHand.network.networks.delete(network.id);
      },
    };
  }
}

async function removed(remove: () => Promise<void>, get: () => Promise<unknown>): Promise<void> {
  await remove();
  await until(async () => (await absent(get())) === null);
}

async function until(condition: () => Promise<boolean>, withinMs = 10_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await condition())) {
    assert.ok(Date.now() < deadline, `not within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
