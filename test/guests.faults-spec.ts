import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import type { GuestFault } from '#libs/sandbox';
import { FaultSite } from './support/fault-site.js';

interface Case {
  readonly name: string;
  readonly fault: GuestFault;
  /** Of the whole cluster, and of the group that the faulty node is in. */
  readonly reason: RegExp;
  readonly group: 'default-master' | 'default-worker';
  /** create_timeout, cut to seconds; unset: the node says by itself that it has failed. */
  readonly seconds?: number;
}

const NODE = 'k1-[0-9a-f]{12}';
const TIMEOUT = String.raw`^create_timeout of \d+ minutes exceeded in step (?:addons|kubernetes): waiting for`;
const words = (...parts: string[]): RegExp => new RegExp(parts.join(''));
const SECONDS = 5;

const CASES: readonly Case[] = [
  {
    name: 'a worker that never boots',
    fault: { server: '*worker-0', kind: 'never-boots' },
    seconds: SECONDS,
    reason: words(TIMEOUT, ` node ${NODE}-worker-0 to join`),
    group: 'default-worker',
  },
  {
    name: 'a worker without network',
    fault: { server: '*worker-0', kind: 'no-network' },
    seconds: SECONDS,
    // All that is known of a machine that cannot speak is its console.
    reason: words(TIMEOUT, ` node ${NODE}-worker-0 to join`, `[^]*; the console of ${NODE}-worker-0 ends with: [^]*BOOT-STEP`),
    group: 'default-worker',
  },
  {
    name: 'a master that never boots',
    fault: { server: '*master-0', kind: 'never-boots' },
    seconds: SECONDS,
    reason: words(TIMEOUT, String.raw` the cluster's API at https://127\.`),
    group: 'default-master',
  },
  {
    name: 'a worker that is NotReady for good',
    fault: { server: '*worker-0', kind: 'not-ready', message: 'container runtime network not ready: cni plugin not initialized' },
    seconds: SECONDS,
    reason: words(TIMEOUT, ` node ${NODE}-worker-0 to be Ready .*cni plugin not initialized`),
    group: 'default-worker',
  },
  {
    name: 'kubeadm join fails',
    fault: {
      server: '*worker-0',
      kind: 'step-fails',
      step: 'kubeadm-join',
      exitCode: 7,
      stderr:
        "error execution phase preflight: couldn't validate the identity of the API Server\n--token abcdef.0123456789abcdef",
    },
    reason: words(`^kubernetes: node ${NODE}-worker-0: kubeadm-join exited 7: `, `[^]*couldn't validate the identity`),
    group: 'default-worker',
  },
  {
    name: 'kubeadm init fails',
    fault: {
      server: '*master-0',
      kind: 'step-fails',
      step: 'kubeadm-init',
      exitCode: 3,
      stderr: 'etcd did not come up: disk full',
    },
    reason: words(`^kubernetes: node ${NODE}-master-0: kubeadm-init exited 3: `, '[^]*etcd did not come up: disk full'),
    group: 'default-master',
  },
  {
    name: 'the machine cannot be prepared',
    fault: {
      server: '*worker-0',
      kind: 'step-fails',
      step: 'prepare',
      exitCode: 100,
      stderr: 'modprobe: br_netfilter not found',
    },
    reason: words(`^kubernetes: node ${NODE}-worker-0: prepare exited 100: `, '[^]*br_netfilter not found'),
    group: 'default-worker',
  },
];

describe('a create while a node fails', () => {
  let on: FaultSite;
  before(async () => {
    on = await FaultSite.start({ guestPatience: 0.1 });
  });
  afterEach(() => on.heal());
  after(() => on?.close());

  for (const one of CASES) {
    it(`${one.name}: the node's own words are the reason; the delete leaves nothing`, async () => {
      await on.guestFaults(one.fault);
      if (one.seconds) await on.createSeconds(one.seconds);
      const uuid = await on.create();
      const cluster = await on.settled(uuid);
      assert.equal(cluster.status, 'CREATE_FAILED');
      assert.match(cluster.status_reason ?? '', one.reason);
      assert.match(cluster.faults?.[one.group] ?? '', one.reason);
      assert.doesNotMatch(JSON.stringify(cluster), /0123456789abcdef/);
      await on.refuseSecrets(uuid);
      await on.remove(uuid);
    });
  }

  it('a step that fails once is tried again', async () => {
    await on.guestFaults({ server: '*worker-0', kind: 'step-fails', step: 'containerd', exitCode: 1, stderr: 'busy', times: 1 });
    const uuid = await on.create();
    const cluster = await on.settled(uuid);
    assert.deepEqual([cluster.status, cluster.status_reason], ['CREATE_COMPLETE', null]);
    await on.remove(uuid);
  });
});
