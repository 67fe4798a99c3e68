const OUR_SERVICE = 'jeroboam';

/** The administrator's view of a real cloud, by plain HTTP: what is there, and our endpoint in its catalogue. */
export class BenchCloud {
  private registered: { service: string; endpoint: string; previous: string[] } | undefined;

  private constructor(
    private readonly authUrl: string,
    private readonly token: string,
    private readonly projectId: string,
    private readonly endpoints: ReadonlyMap<string, string>,
  ) {}

  static async login(authUrl: string, password: string): Promise<BenchCloud> {
    const user = { name: 'admin', domain: { name: 'Default' }, password };
    const scope = { project: { name: 'admin', domain: { name: 'Default' } } };
    const response = await fetch(`${authUrl}/auth/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ auth: { identity: { methods: ['password'], password: { user } }, scope } }),
    });
    const { token } = (await response.json()) as {
      token: { project: { id: string }; catalog: { type: string; endpoints: { interface: string; url: string }[] }[] };
    };
    const urls = token.catalog.map(
      ({ type, endpoints }) => [type, endpoints.find((endpoint) => endpoint.interface === 'public')?.url ?? ''] as const,
    );
    return new BenchCloud(authUrl, response.headers.get('x-subject-token') ?? '', token.project.id, new Map(urls));
  }

  /** Ids of everything that a cluster could leave behind, in every project. */
  async inventory(): Promise<Record<string, string[]>> {
    const network = `${this.url('network')}/v2.0`.replace('/v2.0/v2.0', '/v2.0');
    const lists: Record<string, [url: string, key: string]> = {
      servers: [`${this.url('compute')}/servers?all_tenants=1`, 'servers'],
      keypairs: [`${this.url('compute')}/os-keypairs`, 'keypairs'],
      server_groups: [`${this.url('compute')}/os-server-groups?all_projects=True`, 'server_groups'],
      networks: [`${network}/networks`, 'networks'],
      subnets: [`${network}/subnets`, 'subnets'],
      routers: [`${network}/routers`, 'routers'],
      ports: [`${network}/ports`, 'ports'],
      floatingips: [`${network}/floatingips`, 'floatingips'],
      security_groups: [`${network}/security-groups`, 'security_groups'],
      trusts: [`${this.authUrl}/OS-TRUST/trusts`, 'trusts'],
      users: [`${this.authUrl}/users`, 'users'],
      // Heat makes one for each of its stacks, in a domain of its own.
      projects: [`${this.authUrl}/projects`, 'projects'],
      ...(this.endpoints.has('load-balancer')
        ? { loadbalancers: [`${this.url('load-balancer')}/v2.0/lbaas/loadbalancers`, 'loadbalancers'] }
        : {}),
      ...(this.endpoints.has('block-storage')
        ? { volumes: [`${this.url('block-storage')}/${this.projectId}/volumes?all_tenants=1`, 'volumes'] }
        : {}),
    };
    // Neutron makes a project's default group by itself, when the project's groups are first asked for.
    const isNeutrons = (kind: string, item: { name?: string }): boolean => kind === 'security_groups' && item.name === 'default';
    const entries = await Promise.all(
      Object.entries(lists).map(async ([kind, [url, key]]) => {
        const body = (await this.call('GET', url)) as Record<
          string,
          { id?: string; name?: string; keypair?: { name: string } }[]
        >;
        const items = (body[key] ?? []).filter((item) => !isNeutrons(kind, item));
        return [kind, items.map((item) => item.id ?? item.keypair?.name ?? item.name ?? '').sort()] as const;
      }),
    );
    return Object.fromEntries(entries);
  }

  /** One list of one service. @param key of the items in the answer */
  async list(service: string, path: string, key: string): Promise<Record<string, unknown>[]> {
    const base = this.url(service);
    const versioned: Record<string, string> = {
      network: `${base}/v2.0`.replace('/v2.0/v2.0', '/v2.0'),
      'load-balancer': `${base}/v2.0`.replace('/v2.0/v2.0', '/v2.0'),
      'block-storage': base.endsWith(this.projectId) ? base : `${base}/${this.projectId}`,
    };
    const answer = (await this.call('GET', `${versioned[service] ?? base}${path}`)) as Record<string, Record<string, unknown>[]>;
    return answer[key] ?? [];
  }

  /** Base URL of the cloud's own Magnum, without `/v1`, whether or not it is in the catalogue just now. */
  async magnum(): Promise<string> {
    const { services } = (await this.call('GET', `${this.authUrl}/services?type=container-infra`)) as {
      services: { id: string; name: string }[];
    };
    const magnum = services.find(({ name }) => name !== OUR_SERVICE);
    if (!magnum) throw new Error('Keystone knows no container-infra service: the bench was started without its Magnum');
    const { endpoints } = (await this.call('GET', `${this.authUrl}/endpoints?service_id=${magnum.id}&interface=public`)) as {
      endpoints: { url: string }[];
    };
    return (endpoints[0]?.url ?? '').replace(/\/v1\/?$/, '');
  }

  /** Puts our API into the catalogue as the only container-infra service. */
  async register(url: string): Promise<void> {
    const { services } = (await this.call('GET', `${this.authUrl}/services?type=container-infra`)) as {
      services: { id: string; enabled: boolean }[];
    };
    for (const { id } of services) await this.call('PATCH', `${this.authUrl}/services/${id}`, { service: { enabled: false } });
    const { service } = (await this.call('POST', `${this.authUrl}/services`, {
      service: { type: 'container-infra', name: OUR_SERVICE },
    })) as { service: { id: string } };
    const { endpoint } = (await this.call('POST', `${this.authUrl}/endpoints`, {
      endpoint: { service_id: service.id, interface: 'public', region_id: 'RegionOne', url },
    })) as { endpoint: { id: string } };
    this.registered = {
      service: service.id,
      endpoint: endpoint.id,
      previous: services.filter(({ enabled }) => enabled).map(({ id }) => id),
    };
  }

  /** Takes it out again and puts back what was there. */
  async unregister(): Promise<void> {
    if (!this.registered) return;
    const { service, endpoint, previous } = this.registered;
    await this.call('DELETE', `${this.authUrl}/endpoints/${endpoint}`);
    await this.call('DELETE', `${this.authUrl}/services/${service}`);
    for (const id of previous) await this.call('PATCH', `${this.authUrl}/services/${id}`, { service: { enabled: true } });
  }

  private url(type: string): string {
    return (this.endpoints.get(type) ?? '').replace(/\/$/, '');
  }

  private async call(method: string, url: string, body?: unknown): Promise<unknown> {
    const response = await fetch(url, {
      method,
      headers: { 'x-auth-token': this.token, 'content-type': 'application/json', 'x-openstack-nova-api-version': '2.79' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${text.slice(0, 300)}`);
    return text ? JSON.parse(text) : undefined;
  }
}
