import {
  isNotFound,
  OpenStackError,
  type CloudSession,
  type FloatingIp,
  type LoadBalancer,
  type Pool,
  type Port,
  type SecurityGroup,
  type Server,
  type ServerGroup,
  type Volume,
} from '#libs/openstack';
import { keyedBy, metadataKey, textKey, trusteeOf, type Key } from './keys.js';

/** An object of the cloud that says that it is ours. */
export interface Keyed extends Key {
  /** A HOT type, or `user`, `trust`. */
  readonly kind: string;
  readonly id: string;
  readonly name: string;
  readonly projectId: string;
}

/** The cloud at one time, as far as clusters are made of it. Kinds that could not be listed are missing from `kinds`. */
export interface Inventory {
  readonly kinds: ReadonlySet<string>;
  readonly keyed: readonly Keyed[];
  readonly servers: ReadonlyMap<string, Pick<Server, 'status'>>;
  /** Ids of every object listed, by kind: parts of load balancers too. */
  readonly ids: ReadonlyMap<string, ReadonlySet<string>>;
  readonly rules: ReadonlyMap<string, SecurityGroup['security_group_rules']>;
  readonly floatingIps: ReadonlyMap<string, string | null>;
  /** Of routers: `<router> <subnet>` and `<router> <port>`. */
  readonly interfaces: ReadonlySet<string>;
  /** `<server>/<volume>` */
  readonly attachments: ReadonlySet<string>;
  readonly serverGroups: readonly Pick<ServerGroup, 'id' | 'name' | 'members' | 'project_id'>[];
  /** How many lists were asked for. */
  readonly lists: number;
}

const PAGE = 1_000;
/** What all names of ours have in them; Nova reads it as a regular expression. */
const NAMES = '-[0-9a-f]{12}-';
const SERVER = 'OS::Nova::Server';
const GROUP = 'OS::Nova::ServerGroup';
const BALANCER = 'OS::Octavia::LoadBalancer';

/**
 * Reads the cloud in lists over all projects, one page after the other, never two calls at once: what it costs follows what
 * the cloud has, not how often somebody asks for one thing.
 */
export async function readInventory(service: CloudSession, trustees: CloudSession, signal: AbortSignal): Promise<Inventory> {
  const reader = new Reader(service.withSignal(signal), trustees.withSignal(signal), signal);
  return reader.read();
}

class Reader {
  private readonly kinds = new Set<string>();
  private readonly keyed: Keyed[] = [];
  private readonly ids = new Map<string, Set<string>>();
  private readonly servers = new Map<string, Pick<Server, 'status'>>();
  private readonly rules = new Map<string, SecurityGroup['security_group_rules']>();
  private readonly floatingIps = new Map<string, string | null>();
  private readonly interfaces = new Set<string>();
  private readonly attachments = new Set<string>();
  private serverGroups: ServerGroup[] = [];
  private lists = 0;

  constructor(
    private readonly cloud: CloudSession,
    private readonly trustees: CloudSession,
    private readonly signal: AbortSignal,
  ) {}

  async read(): Promise<Inventory> {
    const { network, compute, volume, loadBalancer } = this.cloud;
    const page = { limit: PAGE };
    await this.of(
      SERVER,
      () => compute.servers.list({ ...page, all_tenants: true, name: NAMES }),
      (one) => this.server(one),
    );
    await this.of(
      GROUP,
      () => this.allServerGroups(),
      () => undefined,
    );
    const slim = { ...page, fields: ['id', 'name', 'description', 'project_id'] };
    await this.of(
      'OS::Neutron::Net',
      () => network.networks.list(slim),
      (one) => this.described('OS::Neutron::Net', one),
    );
    await this.of(
      'OS::Neutron::Router',
      () => network.routers.list(slim),
      (one) => this.described('OS::Neutron::Router', one),
    );
    await this.of(
      'OS::Neutron::Subnet',
      () => network.subnets.list(page),
      (one) => this.described('OS::Neutron::Subnet', one),
    );
    await this.of(
      'OS::Neutron::Port',
      () => network.ports.list(page),
      (one) => this.port(one),
    );
    await this.of(
      'OS::Neutron::SecurityGroup',
      () => network.securityGroups.list(page),
      (one) => this.securityGroup(one),
    );
    await this.of(
      'OS::Neutron::FloatingIP',
      () => network.floatingIps.list(page),
      (one) => this.floatingIp(one),
    );
    await this.of(
      BALANCER,
      () => loadBalancer.loadBalancers.list(page),
      (one) => this.balancer(one),
    );
    await this.of(
      'OS::Octavia::Pool',
      () => loadBalancer.pools.list(page),
      (one) => this.pool(one),
    );
    await this.of(
      'OS::Cinder::Volume',
      () => volume.volumes.list({ ...page, all_tenants: true }),
      (one) => this.volume(one),
    );
    await this.credentials();
    this.derived();
    const { kinds, keyed, ids, servers, rules, floatingIps, interfaces, attachments, serverGroups, lists } = this;
    return { kinds, keyed, ids, servers, rules, floatingIps, interfaces, attachments, serverGroups, lists };
  }

  /** One list. A service that the cloud does not offer (now) is no trouble: nothing is said of its objects. */
  private async of<T extends { id: string }>(kind: string, list: () => Promise<T[]>, take: (one: T) => void): Promise<void> {
    this.signal.throwIfAborted();
    this.lists++;
    let found: T[];
    try {
      found = await list();
    } catch (error) {
      if (!isMissingService(error)) throw error;
      return;
    }
    this.kinds.add(kind);
    this.ids.set(kind, new Set(found.map(({ id }) => id)));
    for (const one of found) take(one);
  }

  private key(
    kind: string,
    key: Key | null,
    object: { id: string; name?: string | null; projectId?: string | null | undefined },
  ): void {
    if (!key) return;
    this.keyed.push({ ...key, kind, id: object.id, name: object.name || object.id, projectId: object.projectId ?? '' });
  }

  private described(
    kind: string,
    one: { id: string; name?: string | null; description?: string | null | undefined; project_id?: string | null | undefined },
  ): void {
    this.key(kind, textKey(one.description), { id: one.id, name: one.name ?? null, projectId: one.project_id });
  }

  private server(one: Server): void {
    if (one.status === 'DELETED' || one.status === 'SOFT_DELETED') {
      this.ids.get(SERVER)?.delete(one.id);
      return;
    }
    const key = metadataKey(one.metadata);
    if (!key) return;
    this.servers.set(one.id, { status: one.status });
    this.key(SERVER, key, { id: one.id, name: one.name, projectId: one.tenant_id });
  }

  private port(one: Port): void {
    this.described('OS::Neutron::Port', one);
    if (!one.device_owner.startsWith('network:') || one.device_owner === 'network:router_gateway') return;
    this.interfaces.add(`${one.device_id} ${one.id}`);
    for (const ip of one.fixed_ips) this.interfaces.add(`${one.device_id} ${ip.subnet_id}`);
  }

  private securityGroup(one: SecurityGroup): void {
    this.described('OS::Neutron::SecurityGroup', one);
    if (textKey(one.description)) this.rules.set(one.id, one.security_group_rules);
  }

  private floatingIp(one: FloatingIp): void {
    this.described('OS::Neutron::FloatingIP', { ...one, name: one.floating_ip_address });
    if (textKey(one.description)) this.floatingIps.set(one.id, one.port_id ?? null);
  }

  private balancer(one: LoadBalancer): void {
    this.described(BALANCER, one);
    this.add('OS::Octavia::Listener', ...one.listeners.map(({ id }) => id));
  }

  private pool(one: Pool): void {
    this.add('OS::Octavia::PoolMember', ...one.members.map(({ id }) => `${one.id}/${id}`));
    if (one.healthmonitor_id) this.add('OS::Octavia::HealthMonitor', one.healthmonitor_id);
  }

  private volume(one: Volume): void {
    this.key('OS::Cinder::Volume', metadataKey(one.metadata), {
      id: one.id,
      name: one.name ?? null,
      projectId: one['os-vol-tenant-attr:tenant_id'],
    });
    for (const { server_id } of one.attachments) if (server_id) this.attachments.add(`${server_id}/${one.id}`);
  }

  private add(kind: string, ...ids: readonly string[]): void {
    const known = this.ids.get(kind) ?? new Set();
    for (const id of ids) known.add(id);
    this.ids.set(kind, known);
  }

  private async allServerGroups(): Promise<ServerGroup[]> {
    const all: ServerGroup[] = [];
    for (let offset = 0; ; offset += PAGE) {
      const page = await this.cloud.compute.serverGroups.list({ limit: PAGE, offset, all_projects: true });
      all.push(...page);
      if (page.length < PAGE) break;
    }
    this.serverGroups = all.filter((group) => keyedBy(group.name) !== null);
    return all;
  }

  /** Users of the trustee domain that are called as ours are, and the trusts given to them. */
  private async credentials(): Promise<void> {
    const domainId = (await this.trustees.whoAmI()).domainId;
    if (!domainId) return;
    const trustees = new Map<string, string>();
    await this.of(
      'user',
      () => this.trustees.identity.users.list({ domain_id: domainId }),
      (user) => {
        const clusterUuid = trusteeOf(user);
        if (!clusterUuid) return;
        trustees.set(user.id, clusterUuid);
        this.key('user', { clusterUuid, resourceUuid: null }, user);
      },
    );
    await this.of(
      'trust',
      () => this.cloud.identity.trusts.list(),
      (trust) => {
        const clusterUuid = trustees.get(trust.trustee_user_id);
        if (clusterUuid) this.key('trust', { clusterUuid, resourceUuid: null }, { id: trust.id, projectId: trust.project_id });
      },
    );
  }

  /** Kinds that are known by what they join. */
  private derived(): void {
    if (this.kinds.has('OS::Octavia::Pool')) {
      for (const kind of ['OS::Octavia::Listener', 'OS::Octavia::PoolMember', 'OS::Octavia::HealthMonitor']) this.kinds.add(kind);
    }
    for (const kind of ['OS::Neutron::RouterInterface', 'OS::Neutron::FloatingIPAssociation', 'OS::Cinder::VolumeAttachment']) {
      this.kinds.add(kind);
    }
  }
}

function isMissingService(error: unknown): boolean {
  return (
    error instanceof OpenStackError &&
    (error.code === 'cloud-service-missing' || (isNotFound(error) && error.service !== 'identity'))
  );
}
