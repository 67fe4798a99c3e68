import { isDeepStrictEqual } from 'node:util';
import type { CloudView, ListenerView, PortView, ServerView } from '../cloud-view.js';
import { BenchClient, type CloudLogin } from './bench-client.js';

export interface OpenStackViewOptions {
  readonly login: CloudLogin;
  /** Only servers of this project get guests. */
  readonly project?: string | undefined;
  /** Time between two looks. */
  readonly pollMs?: number;
  readonly log?: (line: string) => void;
}

interface WireServer {
  id: string;
  name: string;
  tenant_id: string;
  status: string;
  metadata: Record<string, string>;
  'OS-EXT-SRV-ATTR:user_data'?: string | null;
}
interface WirePort {
  id: string;
  network_id: string;
  device_id: string;
  device_owner: string;
  fixed_ips: { subnet_id: string; ip_address: string }[];
}
interface WireFloatingIp {
  floating_ip_address: string;
  port_id: string | null;
}
interface WireRouter {
  id: string;
  external_gateway_info: { external_fixed_ips?: { ip_address: string }[] } | null;
}
interface WireListener {
  id: string;
  protocol_port: number;
  default_pool_id: string | null;
  loadbalancers: { id: string }[];
}
interface WireLoadBalancer {
  id: string;
  vip_address: string;
  vip_port_id: string;
  vip_network_id: string;
  provisioning_status: string;
}
interface WireMember {
  address: string;
  protocol_port: number;
}

const PAGE = 1_000;

/** A real OpenStack as guests see it, looked at again and again with an administrator's credentials. */
export class OpenStackView implements CloudView {
  readonly #client: BenchClient;
  readonly #bells = new Set<() => void>();
  readonly #userData = new Map<string, string | null>();
  #servers: readonly ServerView[] = [];
  #listeners: readonly ListenerView[] = [];
  #projectId: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #lastError = '';

  constructor(readonly options: OpenStackViewOptions) {
    this.#client = new BenchClient(options.login);
  }

  /** Takes the first look and goes on looking. @throws when the cloud cannot be read */
  async start(): Promise<void> {
    const { project } = this.options;
    if (project !== undefined) {
      const { projects } = await this.#client.get('identity', `/projects?name=${encodeURIComponent(project)}`);
      this.#projectId = (projects as { id: string }[])[0]?.id;
      if (this.#projectId === undefined) throw new Error(`there is no project ${project}`);
    }
    await this.refresh();
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  servers(): readonly ServerView[] {
    return this.#servers;
  }

  listeners(): readonly ListenerView[] {
    return this.#listeners;
  }

  onChange(changed: () => void): () => void {
    this.#bells.add(changed);
    return () => this.#bells.delete(changed);
  }

  /** One look; rings when something is different. A look that fails changes nothing. */
  async refresh(): Promise<void> {
    const servers = await this.#readServers();
    const [{ ports }, { floatingips }, { routers }] = await Promise.all([
      this.#client.get('network', '/ports'),
      this.#client.get('network', '/floatingips'),
      this.#client.get('network', '/routers'),
    ]);
    const network = new NetworkPicture(ports as WirePort[], floatingips as WireFloatingIp[], routers as WireRouter[]);
    const next = await Promise.all(servers.map(async (server) => viewOf(server, await this.#userDataOf(server), network)));
    const listeners = await this.#readListeners(network);
    const same = isDeepStrictEqual(next, this.#servers) && isDeepStrictEqual(listeners, this.#listeners);
    if (same) return;
    this.#servers = next;
    this.#listeners = listeners;
    const ids = new Set(next.map(({ id }) => id));
    for (const id of this.#userData.keys()) if (!ids.has(id)) this.#userData.delete(id);
    for (const bell of this.#bells) bell();
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.refresh()
        .then(
          () => (this.#lastError = ''),
          (error: unknown) => this.#complain((error as Error).message),
        )
        .finally(() => this.#schedule());
    }, this.options.pollMs ?? 1_000);
  }

  #complain(message: string): void {
    if (message !== this.#lastError) this.options.log?.(`cannot look at the cloud: ${message}`);
    this.#lastError = message;
  }

  async #readServers(): Promise<WireServer[]> {
    const all: WireServer[] = [];
    for (let marker = ''; ;) {
      const { servers } = await this.#client.get('compute', `/servers/detail?all_tenants=1&limit=${PAGE}${marker}`);
      const page = servers as WireServer[];
      all.push(...page);
      const last = page.at(-1);
      if (page.length < PAGE || !last) break;
      marker = `&marker=${last.id}`;
    }
    return all.filter(({ tenant_id: project }) => this.#projectId === undefined || project === this.#projectId);
  }

  /** Nova's detail list has it since microversion 2.3; should a policy hide it there, the server is asked for once. */
  async #userDataOf(server: WireServer): Promise<string | null> {
    const listed = server['OS-EXT-SRV-ATTR:user_data'];
    if (listed !== undefined) return listed;
    const known = this.#userData.get(server.id);
    if (known !== undefined) return known;
    const answer = await this.#client.get('compute', `/servers/${server.id}`);
    const userData = (answer['server'] as WireServer)['OS-EXT-SRV-ATTR:user_data'] ?? null;
    this.#userData.set(server.id, userData);
    return userData;
  }

  async #readListeners(network: NetworkPicture): Promise<ListenerView[]> {
    if (!(await this.#client.has('load-balancer'))) return [];
    const { loadbalancers } = await this.#client.get('load-balancer', '/lbaas/loadbalancers');
    const balancers = new Map((loadbalancers as WireLoadBalancer[]).map((balancer) => [balancer.id, balancer]));
    if (balancers.size === 0) return [];
    const { listeners } = await this.#client.get('load-balancer', '/lbaas/listeners');
    const views = (listeners as WireListener[]).map(async (listener): Promise<ListenerView[]> => {
      const balancer = balancers.get(listener.loadbalancers[0]?.id ?? '');
      if (!balancer || ['PENDING_DELETE', 'DELETED', 'ERROR'].includes(balancer.provisioning_status)) return [];
      const pool = listener.default_pool_id;
      const members = pool === null ? [] : await this.#readMembers(pool);
      return [
        {
          id: listener.id,
          floatingIp: network.floatingIpOf(balancer.vip_port_id),
          vip: { networkId: balancer.vip_network_id, address: balancer.vip_address },
          protocolPort: listener.protocol_port,
          members: members.flatMap((member) => {
            const serverId = network.serverAt(balancer.vip_network_id, member.address);
            return serverId === undefined ? [] : [{ serverId, protocolPort: member.protocol_port }];
          }),
        },
      ];
    });
    return (await Promise.all(views)).flat();
  }

  /** A pool that has just gone has no members. */
  async #readMembers(pool: string): Promise<WireMember[]> {
    const { members } = await this.#client.get('load-balancer', `/lbaas/pools/${pool}/members`).catch((error: unknown) => {
      if ((error as Error).message.endsWith(': 404')) return { members: [] };
      throw error;
    });
    return members as WireMember[];
  }
}

/** Neutron's objects, looked up as guests need them. */
class NetworkPicture {
  readonly #portsByServer = new Map<string, WirePort[]>();
  readonly #floatingIps = new Map<string, string>();
  readonly #routerIps = new Map<string, string>();
  readonly #servers = new Map<string, string>();

  constructor(ports: readonly WirePort[], floatingIps: readonly WireFloatingIp[], routers: readonly WireRouter[]) {
    for (const { floating_ip_address: address, port_id: port } of floatingIps)
      if (port !== null) this.#floatingIps.set(port, address);
    const external = new Map(
      routers.map((router) => [router.id, router.external_gateway_info?.external_fixed_ips?.[0]?.ip_address]),
    );
    for (const port of ports) {
      if (port.device_owner.startsWith('compute:')) {
        this.#portsByServer.set(port.device_id, [...(this.#portsByServer.get(port.device_id) ?? []), port]);
        for (const { ip_address: address } of port.fixed_ips) this.#servers.set(`${port.network_id}/${address}`, port.device_id);
      } else if (
        port.device_owner.startsWith('network:router_interface') ||
        port.device_owner === 'network:ha_router_replicated_interface'
      ) {
        const address = external.get(port.device_id);
        if (address !== undefined) this.#routerIps.set(port.network_id, address);
      }
    }
  }

  floatingIpOf(portId: string): string | undefined {
    return this.#floatingIps.get(portId);
  }

  serverAt(networkId: string, address: string): string | undefined {
    return this.#servers.get(`${networkId}/${address}`);
  }

  portsOf(serverId: string): PortView[] {
    return (this.#portsByServer.get(serverId) ?? []).map((port) => ({
      id: port.id,
      networkId: port.network_id,
      fixedIp: port.fixed_ips[0]?.ip_address ?? '',
      floatingIp: this.#floatingIps.get(port.id),
    }));
  }

  routerIpOf(networkId: string | undefined): string | undefined {
    return networkId === undefined ? undefined : this.#routerIps.get(networkId);
  }
}

function viewOf(server: WireServer, userData: string | null, network: NetworkPicture): ServerView {
  const ports = network.portsOf(server.id);
  return {
    id: server.id,
    name: server.name,
    projectId: server.tenant_id,
    status: server.status,
    userData,
    metadata: server.metadata,
    ports,
    routerExternalIp: network.routerIpOf(ports[0]?.networkId),
  };
}
