import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { CloudSession } from '#libs/openstack';
import type { FaultSite } from './fault-site.js';
import { SimulatedCloudProvider } from './simulated-cloud-provider.js';

type Kind = 'loadbalancers' | 'floatingips' | 'security_groups' | 'volumes' | 'networks';

/**
 * Everything that a second cluster, whose uuid differs in its last letter, a cluster with a careless name and the project's
 * people could have made with the same Services and claims; on a network of their own.
 */
export class KubernetesDecoys {
  private readonly made: { kind: Kind; id: string }[] = [];

  private constructor(
    private readonly on: FaultSite,
    private readonly projectId: string,
  ) {}

  /** @param cloud somebody of the cluster's project */
  static async make(on: FaultSite, cloud: CloudSession, clusterUuid: string): Promise<KubernetesDecoys> {
    const decoys = new KubernetesDecoys(on, await cloud.projectId());
    await decoys.fill(cloud, clusterUuid);
    return decoys;
  }

  /** Every one is there as it was. */
  async assertUntouched(): Promise<void> {
    const inventory = (await this.on.inventory())[this.projectId] ?? {};
    for (const { kind, id } of this.made) {
      const there = (inventory[kind] ?? []).some((object) => object.id === id);
      assert.ok(there, `one of ${kind} that is not the cluster's is gone`);
    }
    assert.ok(this.made.length > 20);
  }

  /** By hand, as an administrator. */
  async remove(): Promise<void> {
    const { loadBalancer, network, volume } = this.on.byHand();
    const gone = async (kind: Kind, remove: (id: string) => Promise<void>): Promise<void> => {
      const ids = this.made.filter((one) => one.kind === kind).map(({ id }) => id);
      await Promise.all(ids.map(remove));
      const deadline = Date.now() + 10_000;
      const left = async (): Promise<boolean> => {
        const inventory = (await this.on.inventory())[this.projectId] ?? {};
        return (inventory[kind] ?? []).some(({ id }) => ids.includes(id));
      };
      while (await left()) {
        assert.ok(Date.now() < deadline, `${kind} do not go`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    await gone('loadbalancers', (id) => loadBalancer.loadBalancers.delete(id, { cascade: true }));
    await gone('floatingips', (id) => network.floatingIps.delete(id));
    await gone('security_groups', (id) => network.securityGroups.delete(id));
    await gone('volumes', (id) => volume.volumes.delete(id));
    await gone('networks', (id) => network.networks.delete(id));
  }

  private async fill(cloud: CloudSession, clusterUuid: string): Promise<void> {
    const keep = (kind: Kind, { id }: { readonly id: string }): void => void this.made.push({ kind, id });
    const { networks, subnets, floatingIps, securityGroups } = cloud.network;
    const network = await networks.create({ name: 'others' });
    keep('networks', network);
    const subnet = await subnets.create({ network_id: network.id, cidr: '10.99.0.0/24', ip_version: 4, gateway_ip: null });
    const twin = `${clusterUuid.slice(0, -1)}${clusterUuid.endsWith('0') ? '1' : '0'}`;
    for (const name of [twin, 'kubernetes', clusterUuid.slice(0, 8), clusterUuid.slice(0, -1), '']) {
      const other = new SimulatedCloudProvider(cloud, name);
      const { balancer, group } = await other.service('default', 'web', { subnetId: subnet.id, externalNetworkId: null });
      keep('loadbalancers', balancer);
      keep('security_groups', group);
      keep('volumes', await other.claim('default', 'data'));
    }
    const [external] = await networks.list({ name: 'public' });
    for (const whose of [` from cluster ${twin}`, ' from cluster kubernetes', ' from cluster ', '']) {
      const description = `Floating IP for Kubernetes external service default/web${whose}`;
      keep('floatingips', await floatingIps.create({ floating_network_id: external?.id ?? '', description }));
    }
    keep('floatingips', await floatingIps.create({ floating_network_id: external?.id ?? '' }));
    // Of a user who has heard of the cluster.
    const { loadBalancers } = cloud.loadBalancer;
    const own = { name: `web-of-${clusterUuid}`, description: `for cluster ${clusterUuid}`, vip_subnet_id: subnet.id };
    keep('loadbalancers', await loadBalancers.create(own));
    keep('security_groups', await securityGroups.create({ name: `lb-sg-${randomUUID()}-default-web`, description: 'my own' }));
    const volume = { name: `pvc-${randomUUID()}`, size: 1, description: 'Created by OpenStack Cinder CSI driver' };
    keep('volumes', await cloud.volume.volumes.create(volume));
    keep('volumes', await cloud.volume.volumes.create({ ...volume, metadata: { cluster: clusterUuid } }));
  }
}
