import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import type { FaultRule } from '#libs/sandbox';
import { eventually } from './support/commands.js';
import { FaultSite } from './support/fault-site.js';

/** Long enough to take something away meanwhile. */
const STANDS_MS = 600;
const EARLY: FaultRule = { service: 'network', method: 'POST', path: '^/networks$', kind: 'delay', delay_ms: STANDS_MS };
const LATE: FaultRule = { service: 'compute', method: 'POST', path: '^/servers$', kind: 'delay', delay_ms: STANDS_MS };

/** Alice makes a cluster and goes; demo, of the same project, takes it away. */
describe('a cluster whose owner goes', () => {
  let on: FaultSite;
  let projectId: string;
  let memberId: string;
  let alice: string;
  before(async () => {
    on = await FaultSite.start();
    const { identity } = on.byHand();
    projectId = (await identity.projects.list({ name: 'demo' }))[0]?.id ?? '';
    memberId = (await identity.roles.list({ name: 'member' }))[0]?.id ?? '';
  });
  after(() => on?.close());
  afterEach(async () => {
    await on.asDemo();
    await on.heal();
  });

  const WAYS: readonly (readonly [what: string, take: () => Promise<void>])[] = [
    ['her user is deleted', () => on.byHand().identity.users.delete(alice)],
    ['her role is taken away', () => on.byHand().identity.roles.unassign(projectId, alice, memberId)],
    [
      'the trust is deleted',
      async () => {
        const { trusts } = on.byHand().identity;
        for (const { id } of await trusts.list({ trustor_user_id: alice })) await trusts.delete(id);
      },
    ],
    ['the trustee is deleted', () => deleteTrustees()],
  ];

  for (const [index, [what, take]] of WAYS.entries()) {
    it(`before the delete (${what}): the delete leaves nothing`, async () => {
      await enter();
      const uuid = await on.create();
      assert.equal((await on.settled(uuid)).status, 'CREATE_COMPLETE');
      await take();
      await on.asDemo();
      await on.removeBut(uuid, leave);
    });

    for (const moment of index === 0 ? [EARLY, LATE] : [LATE]) {
      it(`in the middle of a create, at ${moment.path} (${what}): it fails with a reason, and the delete leaves nothing`, async () => {
        await enter();
        await on.fault(moment);
        const uuid = await on.create();
        await on.asDemo();
        await eventually('the call', 20, async () => (await on.struck())[0] === 1, 10);
        await take();
        const cluster = await on.settled(uuid);
        assert.equal(cluster.status, 'CREATE_FAILED');
        assert.match(cluster.status_reason ?? '', /^(infrastructure|node-groups|kubernetes): \S.*(identity|network|compute): \S/);
        await on.refuseSecrets(uuid);
        await on.removeBut(uuid, leave);
      });
    }
  }

  it('before the create has begun (her user is deleted): it fails with a reason, and the delete leaves nothing', async () => {
    await enter();
    await on.site.conductor.stop();
    const uuid = await on.create();
    await on.asDemo();
    await on.byHand().identity.users.delete(alice);
    await on.restartConductor();
    const cluster = await on.settled(uuid);
    assert.equal(cluster.status, 'CREATE_FAILED');
    assert.match(cluster.status_reason ?? '', /^trust: the token of the request is no longer good; ask again with a fresh token/);
    await on.removeBut(uuid, leave);
  });

  async function enter(): Promise<void> {
    const password = `alice-${projectId}`;
    const { identity } = on.byHand();
    alice = (await identity.users.create({ name: 'alice', domain_id: 'default', password, enabled: true })).id;
    await identity.roles.assign(projectId, alice, memberId);
    await on.site.actAs('alice', password, 'demo');
  }

  const leave = (): Promise<void> => on.byHand().identity.users.delete(alice);

  async function deleteTrustees(): Promise<void> {
    const { identity } = on.byHand();
    const trusts = await identity.trusts.list({ trustor_user_id: alice });
    for (const { trustee_user_id: id } of trusts) await on.trusteeAdmin().identity.users.delete(id);
  }
});
