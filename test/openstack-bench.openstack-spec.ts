import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { freePort } from '#libs/testing';
import { parse } from 'yaml';
import { Installation } from '../apps/standalone/src/installation.js';
import { BenchCloud } from './support/bench-cloud.js';
import { coeWalk, type WalkTarget } from './support/coe-walk.js';
import { OpenStackCli, requirePrograms } from './support/commands.js';
import { controlPlanesWalk } from './support/control-planes-walk.js';

const BENCH = process.env['OPENSTACK_BENCH_DIR'] ?? '/var/lib/openstack-bench';
const here = dirname(fileURLToPath(import.meta.url));

/**
 * The same walk on real OpenStack services (docs/testing.md): tokens, trusts, networks, ports, floating IPs, servers and load
 * balancers are real records of real services; only the guests are simulated, since nothing boots there.
 */
describe('the openstack client against real OpenStack services', () => {
  let installation: Installation;
  let guests: ChildProcess | undefined;
  let cloud: BenchCloud;
  let target: WalkTarget;
  let inventory: Record<string, string[]>;
  const home = mkdtempSync(join(tmpdir(), 'jeroboam-openstack-'));
  const clouds = join(BENCH, 'clouds.yaml');

  before(async () => {
    assert.ok(existsSync(clouds), `no OpenStack bench at ${BENCH}: start it first, or set OPENSTACK_BENCH_DIR`);
    requirePrograms({
      openstack: 'python3-openstackclient python3-magnumclient',
      kubectl: 'kubernetes-client',
      openssl: 'openssl',
    });
    const { admin } = (parse(readFileSync(clouds, 'utf8')) as { clouds: Record<string, { auth: Record<string, string> }> })
      .clouds;
    const authUrl = admin?.auth['auth_url'] ?? '';
    const password = admin?.auth['password'] ?? '';
    cloud = await BenchCloud.login(authUrl, password);
    inventory = await cloud.inventory();
    const apiPort = await freePort();
    await cloud.register(`http://127.0.0.1:${apiPort}/v1`);
    installation = await Installation.start({
      home: join(home, 'state'),
      env: { API_PORT: String(apiPort), BOOTSTRAP_PORT: String(await freePort()) },
      cloud: {
        authUrl,
        env: {
          KEYSTONE_REGION: 'RegionOne',
          KEYSTONE_USERNAME: 'magnum',
          KEYSTONE_PASSWORD: password,
          TRUSTEE_DOMAIN_NAME: 'magnum',
          TRUSTEE_DOMAIN_ADMIN: 'magnum_domain_admin',
          TRUSTEE_DOMAIN_ADMIN_PASSWORD: password,
        },
      },
      say: console.log,
    });
    const program = join(here, '../libs/sandbox/src/guests/main.js');
    guests = spawn(process.execPath, ['--enable-source-maps', program, '--clouds', clouds, '--cloud', 'admin'], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    target = {
      demo: new OpenStackCli(clouds, 'demo', home),
      admin: new OpenStackCli(clouds, 'admin', home),
      dir: home,
      image: 'ubuntu',
      limit: 300,
      whenComplete: async () => {
        const now = await cloud.inventory();
        assert.equal(now['servers']?.length, (inventory['servers']?.length ?? 0) + 3, 'three real servers');
        assert.equal(now['trusts']?.length, (inventory['trusts']?.length ?? 0) + 1, 'one real trust');
      },
    };
  });

  after(async () => {
    guests?.kill('SIGTERM');
    await installation?.stop();
    await cloud?.unregister();
    rmSync(home, { recursive: true, force: true });
  });

  coeWalk(() => target);
  controlPlanesWalk(() => target);

  it('leaves Nova, Neutron, Octavia, Cinder and Keystone as they were', async () => {
    assert.deepEqual(await cloud.inventory(), inventory);
  });
});
