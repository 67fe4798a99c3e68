import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { request } from 'node:https';
import { after, before, describe, it } from 'node:test';
import { ClusterEntity, findRotation, NodeEntity, type RotationPhase } from '#libs/db';
import { noGuestLatencies } from '#libs/sandbox';
import { certificatesOf } from '#libs/pki';
import { parse } from 'yaml';
import { ApiWatch, type Identity } from './api-watch.js';
import { TestInstallation, type ClusterView } from './installation.js';

const ended = (cluster: ClusterView | null): boolean => cluster === null || /_(COMPLETE|FAILED)$/.test(cluster.status);
const LONG = 240_000;

interface Kubeconfig {
  readonly clusters: readonly { readonly cluster: Readonly<Record<string, string>> }[];
  readonly users: readonly { readonly user: Readonly<Record<string, string>> }[];
}

describe('a rotation of the authorities', () => {
  let site: TestInstallation;
  let empty: unknown;
  const templates: Record<string, string> = {};
  before(async () => {
    site = await TestInstallation.start({ guestLatencies: { ...noGuestLatencies, etcdElectionMs: 4_000 } });
    for (const master_lb_enabled of [false, true]) templates[`${master_lb_enabled}`] = await site.template({ master_lb_enabled });
    empty = await site.inventory();
  });
  after(() => site?.close());

  const rows = (uuid: string): Promise<NodeEntity[]> => site.parts.source.manager.findBy(NodeEntity, { clusterUuid: uuid });
  const bundle = async (uuid: string): Promise<string[]> =>
    certificatesOf((await site.request<{ pem: string }>('GET', `/certificates/${uuid}`)).pem);
  const phase = async (uuid: string): Promise<RotationPhase | null> =>
    (await findRotation(site.parts.secrets, uuid))?.rotation?.phase ?? null;
  const serials = async (uuid: string): Promise<string[]> =>
    (await bundle(uuid)).map((pem) => new X509Certificate(pem).serialNumber);

  async function cluster(masters: number, workers: number): Promise<string> {
    const cluster_template_id = templates[`${masters > 1}`];
    const uuid = await site.create({ cluster_template_id, master_count: masters, node_count: workers });
    const made = await site.until(uuid, ended, LONG);
    assert.deepEqual([made?.status, made?.status_reason], ['CREATE_COMPLETE', null]);
    return uuid;
  }
  async function rotate(uuid: string): Promise<ClusterView | null> {
    await site.request('PATCH', `/certificates/${uuid}`);
    return site.until(uuid, ended, LONG);
  }
  async function identity(uuid: string): Promise<Identity> {
    const { clusters, users } = parse(await site.request<string>('GET', `/clusters/${uuid}/kubeconfig`)) as Kubeconfig;
    const pem = (text: string | undefined): string => Buffer.from(text ?? '', 'base64').toString();
    return {
      ca: pem(clusters[0]?.cluster['certificate-authority-data']),
      cert: pem(users[0]?.user['client-certificate-data']),
      key: pem(users[0]?.user['client-key-data']),
    };
  }
  /** The status of an answer, or why there is none. */
  async function ask(uuid: string, tls: Identity): Promise<number | string> {
    const { apiAddress } = await site.parts.source.manager.findOneByOrFail(ClusterEntity, { uuid });
    const { hostname: host, port } = new URL(apiAddress ?? '');
    return new Promise((resolve) => {
      const call = request({ host, port, path: '/api/v1/namespaces/kube-system/secrets', agent: false, ...tls }, (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      });
      call.on('error', (error) => resolve(error.message));
      call.end();
    });
  }
  async function assertWhole(uuid: string, masters: number, workers: number, before: readonly NodeEntity[]): Promise<void> {
    const now = await rows(uuid);
    assert.equal(now.length, masters + workers);
    const old = new Set(before.map((node) => node.serverId));
    assert.ok(now.every((node) => node.leavingSince === null && node.serverId !== null && !old.has(node.serverId)));
    await site.withKube(uuid, async (kube) => {
      const nodes = await kube.nodes();
      assert.deepEqual(nodes.map((node) => node.name).toSorted(), now.map((node) => node.name).toSorted());
      assert.deepEqual(
        nodes.filter((node) => !node.ready || node.unschedulable).map(({ name, message }) => `${name}: ${message}`),
        [],
      );
      assert.equal((await kube.etcdMembers()).filter((member) => member.answers && !member.learner).length, masters);
    });
  }
  async function remove(uuid: string): Promise<void> {
    await site.request('DELETE', `/clusters/${uuid}`);
    assert.equal(await site.until(uuid, (one) => one === null || one.status === 'DELETE_FAILED', 60_000), null);
    assert.deepEqual(await site.inventory(), empty);
  }

  for (const [masters, workers] of [
    [3, 2],
    [1, 1],
  ] as const) {
    it(`of ${masters} + ${workers} nodes: the API answers all the time, and at the end the old ones are worth nothing`, async (t) => {
      const uuid = await cluster(masters, workers);
      const [before, old, [first]] = [await rows(uuid), await identity(uuid), await serials(uuid)];
      assert.equal(await ask(uuid, old), 200);
      const watch = await ApiWatch.of(site, uuid);
      watch.use(old);
      const shown = new Set<string>();
      await site.request('PATCH', `/certificates/${uuid}`);
      for (let one = await site.cluster(uuid); !ended(one); one = await site.cluster(uuid)) {
        watch.use(await identity(uuid));
        shown.add(`${await phase(uuid)} ${(await serials(uuid)).map((serial) => (serial === first ? 'old' : 'new')).join('+')}`);
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      const done = await site.cluster(uuid);
      watch.use(await identity(uuid));
      await watch.stop();
      t.diagnostic(
        `${watch.asked} requests, ${watch.failures.length} failed, longest gap ${watch.longestGapMs} ms ${watch.failures.join('; ')}`,
      );
      assert.deepEqual([done?.status, done?.status_reason], ['UPDATE_COMPLETE', null]);
      for (const expected of ['trust old+new', 'sign new+old', 'renew new+old', 'retire new'])
        assert.ok(shown.has(expected), `${expected} of ${[...shown].join(', ')}`);
      assert.ok(watch.longestGapMs < 1_500, watch.failures.join('\n'));
      if (masters > 1) assert.deepEqual(watch.failures, []);
      await assertWhole(uuid, masters, workers, before);

      const fresh = await identity(uuid);
      assert.equal(certificatesOf(fresh.ca).length, 1);
      assert.equal(await ask(uuid, fresh), 200);
      assert.equal(await ask(uuid, { ...old, ca: fresh.ca }), 401, 'a certificate by the old authority');
      assert.match(String(await ask(uuid, { ...fresh, ca: old.ca })), /certificate/, 'a client that believes the old one alone');
      assert.equal(await phase(uuid), null);
      await remove(uuid);
    });
  }

  it('stops at a node that does not come; what is there works and grows; the next one goes on with the same authorities', async () => {
    const uuid = await cluster(1, 1);
    const before = await rows(uuid);
    await site.guestFaults({
      server: '*-worker-1',
      kind: 'step-fails',
      step: 'kubeadm-join',
      exitCode: 1,
      stderr: 'not this one',
    });
    const failed = await rotate(uuid);
    assert.equal(failed?.status, 'UPDATE_FAILED');
    assert.match(failed?.status_reason ?? '', /worker-1: kubeadm-join exited 1: .*not this one/);
    assert.equal(await phase(uuid), 'trust');
    const both = await serials(uuid);
    assert.equal(both.length, 2);
    await site.guestFaults();
    await site.request('POST', `/clusters/${uuid}/actions/resize`, { node_count: 2 });
    const grown = await site.until(uuid, ended, LONG);
    assert.equal(grown?.status, 'UPDATE_FAILED', 'the rotation is not done');
    const done = await rotate(uuid);
    assert.deepEqual([done?.status, done?.status_reason], ['UPDATE_COMPLETE', null]);
    assert.deepEqual(await serials(uuid), both.slice(1));
    await assertWhole(uuid, 1, 2, before);
    await remove(uuid);
  });
});
