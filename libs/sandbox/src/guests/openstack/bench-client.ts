/** Where and as whom; what a clouds.yaml says of one cloud. */
export interface CloudLogin {
  readonly authUrl: string;
  readonly username: string;
  readonly password: string;
  readonly userDomainName: string;
  readonly projectName: string;
  readonly projectDomainName: string;
  readonly region?: string | undefined;
}

interface CatalogService {
  type: string;
  endpoints: { interface: string; region: string; url: string }[];
}

/** Service types by the words catalogues use for them. */
const types = {
  compute: ['compute'],
  network: ['network'],
  identity: ['identity'],
  'load-balancer': ['load-balancer'],
} as const;
export type BenchService = keyof typeof types;

/** Reads from a real OpenStack as administrator: the other side's eyes, so no code of the service's own client is used. */
export class BenchClient {
  #token: string | null = null;
  #catalog: CatalogService[] = [];

  constructor(readonly login: CloudLogin) {}

  async has(service: BenchService): Promise<boolean> {
    if (this.#token === null) await this.#authenticate();
    return this.#endpoint(service) !== undefined;
  }

  /** GET, with one more login when the token has ended. @throws Error naming service, path and status */
  async get(service: BenchService, path: string): Promise<Record<string, unknown>> {
    for (let attempt = 0; ; attempt += 1) {
      if (this.#token === null) await this.#authenticate();
      const base = this.#endpoint(service);
      if (base === undefined) throw new Error(`${service}: not in the catalogue`);
      const response = await fetch(`${base}${path}`, {
        headers: { 'x-auth-token': this.#token ?? '', accept: 'application/json', 'openstack-api-version': 'compute 2.79' },
        signal: AbortSignal.timeout(30_000),
      });
      if (response.ok) return (await response.json()) as Record<string, unknown>;
      await response.body?.cancel();
      if (response.status !== 401 || attempt > 0) throw new Error(`${service}: GET ${path.split('?')[0]}: ${response.status}`);
      this.#token = null;
    }
  }

  #endpoint(service: BenchService): string | undefined {
    const { region } = this.login;
    const found = this.#catalog.find(({ type }) => (types[service] as readonly string[]).includes(type));
    const endpoint = found?.endpoints.find(
      (entry) => entry.interface === 'public' && (region === undefined || entry.region === region),
    );
    const url = endpoint?.url.replace(/\/+$/, '');
    if (url === undefined) return undefined;
    const version = service === 'network' || service === 'load-balancer' ? '/v2.0' : '';
    return url.endsWith(version) ? url : `${url}${version}`;
  }

  async #authenticate(): Promise<void> {
    const { login } = this;
    const body = {
      auth: {
        identity: {
          methods: ['password'],
          password: { user: { name: login.username, password: login.password, domain: { name: login.userDomainName } } },
        },
        scope: { project: { name: login.projectName, domain: { name: login.projectDomainName } } },
      },
    };
    const response = await fetch(`${login.authUrl.replace(/\/+$/, '')}/auth/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(30_000),
    });
    if (!response.ok) throw new Error(`identity: POST /auth/tokens: ${response.status}`);
    const answer = (await response.json()) as { token: { catalog: CatalogService[] } };
    this.#token = response.headers.get('x-subject-token');
    this.#catalog = answer.token.catalog;
  }
}
