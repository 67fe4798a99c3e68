import type { Nova } from './compute/nova.js';
import type { ServerRow } from './compute/rows.js';
import type { CloudView, ListenerView, PortView, ServerView } from './guests/cloud-view.js';
import type { Octavia } from './load-balancer/octavia.js';
import type { Views } from './load-balancer/views.js';
import type { Neutron } from './network/neutron.js';
import type { Store } from './store/store.js';

const relevant = new Set([
  'servers',
  'ports',
  'security_group_rules',
  'floatingips',
  'routers',
  'listeners',
  'pools',
  'members',
  'loadbalancers',
]);

/** What guests see of the sandbox, in process. Views are kept until something in them changes, so a look costs what changed. */
export class StoreCloudView implements CloudView {
  private readonly views = new Map<string, ServerView>();
  private readonly dirty = new Set<string>();
  private serverList: readonly ServerView[] | undefined;
  private listenerList: readonly ListenerView[] | undefined;

  /** Make it before the store is opened: it follows the tables from their first row. */
  constructor(
    private readonly store: Store,
    private readonly nova: Nova,
    private readonly neutron: Neutron,
    private readonly octavia: Octavia,
    private readonly balancing: Views,
  ) {
    const { ports, floatingIps, routers } = neutron.tables;
    const { listeners, pools, members, loadBalancers } = octavia.tables;
    nova.tables.servers.watch((before, after) => this.touch((after ?? before)?.id));
    ports.watch((before, after) => {
      this.touch(before?.device_id);
      this.touch(after?.device_id);
      if ((after ?? before)?.device_owner === 'network:router_interface') this.touchAll();
      this.listenerList = undefined;
    });
    floatingIps.watch((before, after) => {
      for (const row of [before, after]) this.touch(ports.get(row?.port_id ?? '')?.device_id);
      this.listenerList = undefined;
    });
    routers.watch((before, after) => {
      if (before?.external_gateway_info !== after?.external_gateway_info) this.touchAll();
    });
    for (const table of [listeners, pools, members, loadBalancers]) {
      table.watch(() => {
        this.listenerList = undefined;
      });
    }
  }

  servers(): readonly ServerView[] {
    for (const id of this.dirty) {
      const row = this.nova.tables.servers.get(id);
      if (row === undefined) this.views.delete(id);
      else this.views.set(id, this.server(row));
    }
    this.dirty.clear();
    return (this.serverList ??= [...this.views.values()]);
  }

  listeners(): readonly ListenerView[] {
    if (this.listenerList !== undefined) return this.listenerList;
    const { tables } = this.octavia;
    const list: ListenerView[] = [];
    for (const listener of tables.listeners.all()) {
      const balancer = tables.loadBalancers.get(listener.loadbalancer_id);
      if (
        balancer === undefined ||
        balancer.provisioning_status === 'PENDING_DELETE' ||
        balancer.provisioning_status === 'PENDING_CREATE'
      )
        continue;
      const members = listener.default_pool_id === null ? [] : tables.members.by('pool_id', listener.default_pool_id);
      list.push({
        id: listener.id,
        floatingIp: this.floatingIp(balancer.vip_port_id),
        vip: { networkId: balancer.vip_network_id, address: balancer.vip_address },
        protocolPort: listener.protocol_port,
        members: members.flatMap((member) => {
          const serverId =
            member.admin_state_up && member.provisioning_status !== 'PENDING_DELETE'
              ? this.balancing.serverOf(member)
              : undefined;
          return serverId === undefined ? [] : [{ serverId, protocolPort: member.protocol_port }];
        }),
      });
    }
    return (this.listenerList = list);
  }

  onChange(changed: () => void): () => void {
    return this.store.onChange((tables) => {
      for (const name of tables) if (relevant.has(name)) return changed();
    });
  }

  private touch(serverId: string | undefined): void {
    if (serverId === undefined || serverId === '') return;
    this.dirty.add(serverId);
    this.serverList = undefined;
  }

  private touchAll(): void {
    for (const row of this.nova.tables.servers.all()) this.touch(row.id);
  }

  private server(row: ServerRow): ServerView {
    const ports = this.neutron.tables.ports.by('device_id', row.id);
    const imageId = row.image_id ?? this.bootVolumeImage(row.id);
    const image = imageId === null ? undefined : this.nova.glance.images.get(imageId);
    return {
      id: row.id,
      name: row.name,
      projectId: row.project_id,
      status: row.status,
      userData: this.nova.tables.userData.get(row.id)?.data ?? null,
      metadata: row.metadata,
      ports: ports.map((port): PortView => ({
        id: port.id,
        networkId: port.network_id,
        fixedIp: port.fixed_ips[0]?.ip_address ?? '',
        floatingIp: this.floatingIp(port.id),
      })),
      routerExternalIp: this.neutron.gatewayOf(ports[0]?.fixed_ips[0]?.subnet_id ?? '')?.address,
      image:
        image === undefined
          ? undefined
          : { name: image.name, osDistro: image.properties['os_distro'], kubeVersion: image.properties['kube_version'] },
    };
  }

  /** What a server that boots from a volume was made from. */
  private bootVolumeImage(serverId: string): string | null {
    const { attachments, volumes } = this.nova.cinder;
    const images = attachments.by('server_id', serverId).map(({ volume_id: id }) => volumes.get(id)?.image_id ?? null);
    return images.find((id) => id !== null) ?? null;
  }

  private floatingIp(portId: string): string | undefined {
    return this.neutron.tables.floatingIps.by('port_id', portId)[0]?.floating_ip_address;
  }
}
