import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { freePort } from '#libs/testing';
import { Installation } from '../apps/standalone/src/installation.js';
import { coeWalk, type WalkTarget } from './support/coe-walk.js';
import { OpenStackCli, requirePrograms } from './support/commands.js';
import { controlPlanesWalk } from './support/control-planes-walk.js';

/** Debian's python3-openstackclient and python3-magnumclient, unmodified, against what `npm start` runs. */
describe('the openstack client against the standalone installation', () => {
  let installation: Installation;
  let target: WalkTarget;
  let inventory: () => Promise<unknown>;
  let before_: unknown;
  const home = mkdtempSync(join(tmpdir(), 'jeroboam-clients-'));

  before(async () => {
    requirePrograms({
      openstack: 'python3-openstackclient python3-magnumclient',
      kubectl: 'kubernetes-client',
      openssl: 'openssl',
    });
    installation = await Installation.start({
      home: join(home, 'state'),
      env: { API_PORT: String(await freePort()), BOOTSTRAP_PORT: String(await freePort()), SANDBOX_PORT: '0' },
      say: console.log,
    });
    const clouds = installation.state.cloudsYaml;
    target = {
      demo: new OpenStackCli(clouds, 'sandbox', home),
      admin: new OpenStackCli(clouds, 'sandbox-admin', home),
      dir: home,
      image: 'ubuntu-24.04-kube-v1.36.4',
      limit: 120,
    };
    inventory = async () => (await fetch(`${installation.sandboxAdminUrl}/inventory`)).json();
    before_ = await inventory();
  });

  after(async () => {
    await installation?.stop();
    rmSync(home, { recursive: true, force: true });
  });

  coeWalk(() => target);
  controlPlanesWalk(() => target);

  it('leaves the cloud as it was', async () => {
    assert.deepEqual(await inventory(), before_);
  });
});
