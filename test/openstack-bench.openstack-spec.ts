import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { freePort } from '#libs/testing';
import type { Installation } from '../apps/standalone/src/installation.js';
import { BenchCloud } from './support/bench-cloud.js';
import { BENCH, readBench, startGuests, startOurs } from './support/bench-site.js';
import { coeWalk, type WalkTarget } from './support/coe-walk.js';
import { OpenStackCli, requirePrograms } from './support/commands.js';
import { controlPlanesWalk } from './support/control-planes-walk.js';

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
    const bench = readBench();
    requirePrograms({
      openstack: 'python3-openstackclient python3-magnumclient',
      kubectl: 'kubernetes-client',
      openssl: 'openssl',
    });
    cloud = await BenchCloud.login(bench.authUrl, bench.password);
    inventory = await cloud.inventory();
    const apiPort = await freePort();
    await cloud.register(`http://127.0.0.1:${apiPort}/v1`);
    installation = await startOurs(bench, home, console.log, { API_PORT: String(apiPort) });
    guests = startGuests();
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
