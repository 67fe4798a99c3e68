import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import type { FaultRule } from '#libs/sandbox';
import { FaultSite } from './support/fault-site.js';
import { eventually } from './support/commands.js';

/** The create stands still at this call when the delete comes: before the work is done, or after it. */
const MOMENTS: readonly (readonly [service: FaultRule['service'], method: string, path: string])[] = [
  ['identity', 'POST', '^/users$'],
  ['identity', 'POST', '^/OS-TRUST/trusts$'],
  ['network', 'POST', '^/networks$'],
  ['network', 'POST', '^/routers$'],
  ['network', 'PUT', 'add_router_interface$'],
  ['network', 'POST', '^/floatingips$'],
  ['compute', 'POST', '^/os-server-groups$'],
  ['network', 'POST', '^/ports$'],
  ['compute', 'POST', '^/servers$'],
  ['compute', 'GET', '^/servers'],
];
const STANDS_MS = 700;

describe('a delete', () => {
  let on: FaultSite;
  before(async () => {
    on = await FaultSite.start();
  });
  afterEach(() => on.heal());
  after(() => on?.close());

  for (const [service, method, path] of MOMENTS) {
    for (const late of [false, true]) {
      it(`while the create is at ${method} ${path} (the work is done ${late ? 'late' : 'at once'}) leaves nothing`, async () => {
        await on.fault({ ...(service ? { service } : {}), method, path, kind: 'delay', delay_ms: STANDS_MS, after: !late });
        const uuid = await on.create();
        await eventually('the call', 20, async () => (await on.struck())[0] === 1, 10);
        await on.site.request('DELETE', `/clusters/${uuid}`);
        await on.removed(uuid);
        // What was asked before the delete must not come after it.
        await new Promise((resolve) => setTimeout(resolve, STANDS_MS));
        await on.assertEmpty();
        await on.refuseSecrets(uuid);
      });
    }
  }

  it('while the nodes join leaves nothing', async () => {
    await on.guestFaults({ server: '*', kind: 'not-ready' });
    const uuid = await on.create();
    await eventually('the step kubernetes', 20, async () => (await on.step(uuid)) === 'kubernetes', 20);
    await on.remove(uuid);
  });

  it('asked for twice, and again while it is under way, is one delete', async () => {
    const uuid = await on.create();
    assert.equal((await on.settled(uuid)).status, 'CREATE_COMPLETE');
    const answers = await Promise.all([1, 2, 3].map(() => on.tryDelete(uuid)));
    assert.ok(
      answers.every((status) => status === 204 || status === 404 || status === 409 || status === 400),
      answers.join(),
    );
    assert.ok(answers.includes(204), answers.join());
    await on.tryDelete(uuid);
    await on.removed(uuid);
    assert.equal(await on.tryDelete(uuid), 404);
  });

  it('of a cluster whose create has just been asked for leaves nothing', async () => {
    const uuid = await on.create();
    await on.remove(uuid);
  });

  it('that failed says why and may be asked for again', async () => {
    const uuid = await on.create();
    assert.equal((await on.settled(uuid)).status, 'CREATE_COMPLETE');
    const message = 'rule:delete_server is disallowed by policy';
    await on.fault({
      service: 'compute',
      method: 'DELETE',
      path: '^/servers/',
      kind: 'status',
      status: 403,
      count: 0,
      body: { forbidden: { code: 403, message } },
    });
    await on.site.request('DELETE', `/clusters/${uuid}`);
    const failed = await on.site.until(uuid, (cluster) => cluster === null || cluster.status === 'DELETE_FAILED');
    assert.match(failed?.status_reason ?? '', /^node-groups: OS::Nova::Server k1-[0-9a-f]{12}-\S+: .*disallowed by policy/);
    await on.healCloud();
    await on.remove(uuid);
  });

  it('goes on over 409, 500, cut lines and answers that never come', async () => {
    const uuid = await on.create();
    assert.equal((await on.settled(uuid)).status, 'CREATE_COMPLETE');
    const inUse = { NeutronError: { type: 'NetworkInUse', message: 'There are one or more ports still in use', detail: '' } };
    await on.fault(
      { service: 'compute', method: 'DELETE', path: '^/servers/', kind: 'drop-after' },
      { service: 'network', method: 'DELETE', path: '^/ports/', kind: 'status', status: 500, after: true },
      { service: 'network', method: 'DELETE', path: '^/networks/', kind: 'status', status: 409, body: inUse },
      { service: 'network', method: 'DELETE', path: '^/routers/', kind: 'drop-after' },
      { service: 'network', method: 'DELETE', path: '^/floatingips/', kind: 'hang', after: true },
      { service: 'identity', method: 'DELETE', path: '^/OS-TRUST/trusts/', kind: 'drop-after' },
      { service: 'identity', method: 'DELETE', path: '^/users/', kind: 'status', status: 503 },
    );
    await on.site.request('DELETE', `/clusters/${uuid}`);
    await on.removed(uuid);
    assert.ok(
      (await on.struck()).every((count) => count === 1),
      (await on.struck()).join(),
    );
  });

  it('of a cluster whose objects somebody has removed by hand leaves nothing', async () => {
    const uuid = await on.create();
    assert.equal((await on.settled(uuid)).status, 'CREATE_COMPLETE');
    const { compute } = on.byHand();
    for (const { id } of Object.values(await on.inventory()).flatMap((kinds) => kinds['servers'] ?? []))
      await compute.servers.delete(id);
    await eventually('the servers to go', 10, async () => (await on.made())['servers'] === undefined, 50);
    await on.remove(uuid);
  });
});
