import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A person of the tiny cloud; his token is his name. */
interface Person {
  readonly project: string | null;
  readonly roles: readonly string[];
}

const PEOPLE: Readonly<Record<string, Person>> = {
  jeroboam: { project: 'service', roles: ['admin', 'service'] },
  admin: { project: 'p-admin', roles: ['admin', 'member', 'reader'] },
  demo: { project: 'p-demo', roles: ['member', 'reader'] },
  colleague: { project: 'p-demo', roles: ['member', 'reader'] },
  reader: { project: 'p-demo', roles: ['reader'] },
  other: { project: 'p-other', roles: ['member', 'reader'] },
  nobody: { project: 'p-demo', roles: ['load-balancer_member'] },
  unscoped: { project: null, roles: [] },
};

const image = (id: string, name: string, more: object = {}): object => ({
  id,
  name,
  status: 'active',
  visibility: 'public',
  ...more,
});
const IMAGES = [
  image('11111111-0000-4000-8000-000000000001', 'ubuntu', { os_distro: 'ubuntu', kube_version: 'v1.36.4' }),
  image('11111111-0000-4000-8000-000000000002', 'twin', { os_distro: 'ubuntu' }),
  image('11111111-0000-4000-8000-000000000003', 'twin', { os_distro: 'ubuntu' }),
  image('11111111-0000-4000-8000-000000000004', 'plain'),
  image('11111111-0000-4000-8000-000000000005', 'fedora', { os_distro: 'fedora' }),
];
/** What every server has written. */
const CONSOLE = '[  1.0] cloud-init: token=abcdefghijklmnop\nk1 login:';
const FLAVORS = [
  { id: '1', name: 'm1.small', vcpus: 2, ram: 4096, disk: 20 },
  { id: '2', name: 'm1.diskless', vcpus: 2, ram: 4096, disk: 0 },
];
const network = (id: string, name: string, external: boolean): object => ({
  id,
  name,
  'router:external': external,
  status: 'ACTIVE',
});
const NETWORKS = [
  network('n-1', 'public', true),
  network('n-2', 'private', false),
  network('n-3', 'twin', false),
  network('n-4', 'twin', false),
];
const SUBNETS = [{ id: 's-1', name: 'private-subnet', network_id: 'n-2', cidr: '10.1.0.0/24', ip_version: 4 }];

/**
 * The calls that the API makes of a cloud, over real HTTP, and no more; for tests of the API alone. Everybody's token is
 * his name. `down` names services that answer 500.
 */
export class TinyCloud {
  readonly down = new Set<string>();
  /** Services that take requests and say nothing until `speak`. */
  readonly silent = new Set<string>();
  private held: (() => void)[] = [];
  readonly calls: string[] = [];
  private server: Server;

  async start(): Promise<string> {
    this.server = createServer((request, response) => {
      const url = new URL(request.url ?? '/', 'http://x');
      const service = url.pathname.split('/')[1] ?? '';
      this.calls.push(`${request.method ?? ''} ${url.pathname}`);
      request.resume();
      const {
        status,
        body,
        headers = {},
      } = this.down.has(service) ? { status: 500, body: { error: { message: 'out of order' } } } : this.answer(request, url);
      const say = (): void => {
        response.writeHead(status, { 'content-type': 'application/json', ...headers });
        response.end(body === undefined ? '' : JSON.stringify(body));
      };
      if (this.silent.has(service)) this.held.push(say);
      else say();
    });
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `${this.base}/identity/v3`;
  }

  speak(): void {
    this.silent.clear();
    for (const say of this.held.splice(0)) say();
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private get base(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  private answer(request: IncomingMessage, url: URL): { status: number; body?: unknown; headers?: Record<string, string> } {
    const path = url.pathname;
    const name = url.searchParams.get('name');
    const named = (all: object[]): object[] =>
      name === null ? all : all.filter((one) => (one as { name: string }).name === name);
    if (path === '/identity/v3/auth/tokens' && request.method === 'POST') {
      return { status: 201, body: this.token('jeroboam'), headers: { 'x-subject-token': 'jeroboam' } };
    }
    const caller = String(request.headers['x-auth-token'] ?? '');
    if (!PEOPLE[caller]) return { status: 401, body: { error: { code: 401, message: 'no token' } } };
    if (path === '/identity/v3/auth/tokens') {
      const subject = String(request.headers['x-subject-token']);
      return PEOPLE[subject]
        ? { status: 200, body: this.token(subject) }
        : { status: 404, body: { error: { code: 404, message: 'no such token' } } };
    }
    const project = /^\/identity\/v3\/projects\/(.+)$/.exec(path)?.[1];
    if (project !== undefined) {
      const known = Object.values(PEOPLE).some((person) => person.project === project);
      return known
        ? { status: 200, body: { project: { id: project, name: project } } }
        : { status: 404, body: { error: { message: 'no project' } } };
    }
    const one = /^\/(image\/v2|network\/v2.0|compute\/v2.1)\/(images|networks|subnets|os-keypairs)\/(.+)$/.exec(path);
    if (one?.[2] === 'os-keypairs' && one[3] === 'kp')
      return { status: 200, body: { keypair: { name: 'kp', public_key: 'ssh-ed25519 AAAA' } } };
    if (one) {
      const found = IMAGES.find((each) => (each as { id: string }).id === one[3]);
      return found && one[2] === 'images' ? { status: 200, body: found } : { status: 404, body: { message: 'not found' } };
    }
    if (path === '/image/v2/images') return { status: 200, body: { images: named(IMAGES) } };
    if (/^\/compute\/v2.1\/servers\/[^/]+\/action$/.test(path)) return { status: 200, body: { output: CONSOLE } };
    if (path === '/compute/v2.1/flavors/detail') return { status: 200, body: { flavors: FLAVORS } };
    if (path === '/network/v2.0/subnets') return { status: 200, body: { subnets: named(SUBNETS) } };
    if (path === '/network/v2.0/floatingips') return { status: 200, body: { floatingips: [] } };
    if (path === '/network/v2.0/security-groups') return { status: 200, body: { security_groups: [] } };
    if (path !== '/network/v2.0/networks') return { status: 404, body: { message: `${path} is not here` } };
    const external = url.searchParams.get('router:external') !== null;
    return {
      status: 200,
      body: { networks: named(NETWORKS).filter((each) => !external || (each as Record<string, unknown>)['router:external']) },
    };
  }

  private token(name: string): object {
    const person = PEOPLE[name];
    const endpoint = (type: string, prefix: string): object => ({
      id: randomUUID(),
      type,
      name: type,
      endpoints: [{ id: randomUUID(), interface: 'public', region: 'r', region_id: 'r', url: `${this.base}/${prefix}` }],
    });
    return {
      token: {
        user: { id: `u-${name}`, name, domain: { id: 'default', name: 'Default' } },
        ...(person?.project
          ? { project: { id: person.project, name: person.project, domain: { id: 'default', name: 'Default' } } }
          : {}),
        roles: (person?.roles ?? []).map((role) => ({ id: role, name: role })),
        methods: ['password'],
        issued_at: new Date().toISOString(),
        expires_at: new Date(Date.now() + 3_600_000).toISOString(),
        catalog: [endpoint('image', 'image'), endpoint('compute', 'compute/v2.1'), endpoint('network', 'network')],
      },
    };
  }
}
