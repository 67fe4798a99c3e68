import { Cloud } from './cloud.js';
import { computeService } from './compute/compute-service.js';
import { Nova } from './compute/nova.js';
import { adminRoutes } from './faults/admin.js';
import { CallLog } from './faults/call-log.js';
import { Faults } from './faults/faults.js';
import { identityService } from './identity/identity-service.js';
import { Identity } from './identity/identity.js';
import { accounts, seedIdentity } from './identity/seed.js';
import type { AccountName, CatalogEntry } from './identity/seed.js';
import { Glance } from './image/glance.js';
import { imageService } from './image/image-service.js';
import { defaultLatencies, zeroLatencies } from './latencies.js';
import type { Latencies } from './latencies.js';
import { loadBalancerService } from './load-balancer/load-balancer-service.js';
import { Octavia } from './load-balancer/octavia.js';
import { Views } from './load-balancer/views.js';
import { networkService } from './network/network-service.js';
import { Neutron } from './network/neutron.js';
import { accountPasswords } from './passwords.js';
import { seedCloud } from './seed.js';
import { HttpServer } from './server/http-server.js';
import { Router } from './server/router.js';
import { Journal } from './store/journal.js';
import { Store } from './store/store.js';
import { Cinder } from './volume/cinder.js';
import { volumeService } from './volume/volume-service.js';

export interface SandboxOptions {
  /** Where the state lives; it survives kill -9 and restart. Without it the cloud is forgotten. */
  readonly dir?: string | undefined;
  readonly host?: string;
  /** 0: any free one. */
  readonly port?: number;
  /** What the external network hands out; must be local addresses for guests to be reachable. */
  readonly publicCidr?: string;
  /** Of accounts; random where absent. They count when the state is first made. */
  readonly passwords?: Partial<Record<AccountName, string>>;
  readonly latencies?: Partial<Latencies> | 'zero';
  /** False: servers become ACTIVE, but nothing runs on them. */
  readonly guests?: boolean;
  /** Further catalog entries, such as container-infra. They replace entries of the same type. */
  readonly catalog?: readonly CatalogEntry[];
  readonly region?: string;
  readonly tokenSeconds?: number;
}

/** One cloud of a clouds.yaml, as the clients read it. */
export interface CloudsEntry {
  readonly auth: Readonly<Record<string, string>>;
  readonly region_name: string;
  readonly identity_api_version: 3;
  readonly interface: 'public';
}

export interface Sandbox {
  /** `http://127.0.0.1:<port>/identity/v3` */
  readonly authUrl: string;
  /** `http://127.0.0.1:<port>/sandbox` */
  readonly adminUrl: string;
  /** By account: admin, demo, reader, other, jeroboam, jeroboam_domain_admin. */
  readonly clouds: Readonly<Record<AccountName, CloudsEntry>>;
  readonly passwords: Readonly<Record<AccountName, string>>;
  close(): Promise<void>;
}

/** Starts a simulated OpenStack on one loopback listener. @throws when the port is taken */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const host = options.host ?? '127.0.0.1';
  const region = options.region ?? 'sandbox';
  const passwords = accountPasswords(options.dir, options.passwords ?? {});
  const journal = options.dir === undefined ? undefined : new Journal(options.dir);
  const store = new Store(journal);
  const latencies: Latencies =
    options.latencies === 'zero' ? { ...zeroLatencies } : { ...defaultLatencies, ...options.latencies };
  const cloud = new Cloud(store, latencies, '', region);
  const identity = new Identity(cloud, options.tokenSeconds ?? 3600);
  const neutron = new Neutron(cloud);
  const glance = new Glance(cloud);
  const cinder = new Cinder(cloud);
  const nova = new Nova(cloud, neutron, glance, cinder);
  const octavia = new Octavia(cloud, neutron, (id) => nova.tables.servers.get(id)?.status === 'ACTIVE');
  const views = new Views(octavia);
  const faults = new Faults();
  const log = new CallLog();
  store.open();
  store.unit(() => {
    seedIdentity(identity, passwords, options.catalog ?? []);
    seedCloud({ identity, nova, neutron, glance }, options.publicCidr ?? '127.25.0.0/16');
    identity.dropExpiredTokens();
  });

  const admin = new Router(adminRoutes({ cloud, faults, log }));
  const services = [
    identityService(identity),
    computeService(nova),
    networkService(neutron),
    imageService(glance),
    loadBalancerService(octavia, views),
    volumeService(cinder, glance),
  ];
  const server = new HttpServer(cloud, services, admin, faults, log, (token) => identity.authenticate(token));
  const port = await server.listen(host, options.port ?? 0);
  cloud.baseUrl = `http://${host}:${port}`;
  cloud.transitions.start();
  const authUrl = `${cloud.baseUrl}/identity/v3`;

  return {
    authUrl,
    adminUrl: `${cloud.baseUrl}/sandbox`,
    clouds: cloudsEntries(authUrl, region, passwords),
    passwords,
    close: async () => {
      cloud.transitions.stop();
      await server.close();
      store.close();
    },
  };
}

function cloudsEntries(
  authUrl: string,
  region: string,
  passwords: Readonly<Record<AccountName, string>>,
): Record<AccountName, CloudsEntry> {
  const entries = accounts.map(({ user, domain, project }): [AccountName, CloudsEntry] => [
    user,
    {
      auth: {
        auth_url: authUrl,
        username: user,
        password: passwords[user],
        user_domain_name: domain,
        ...(project === null ? { domain_name: domain } : { project_name: project, project_domain_name: 'Default' }),
      },
      region_name: region,
      identity_api_version: 3,
      interface: 'public',
    },
  ]);
  return Object.fromEntries(entries) as Record<AccountName, CloudsEntry>;
}
