import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { request } from 'node:https';
import { after, before, describe, it } from 'node:test';
import { ensureBootstrapAuthority, StackSignalsRepository, storeAuthorities, UnitOfWork } from '#libs/db';
import {
  createBootstrapAuthority,
  createClusterAuthorities,
  nodeNonce,
  reportToken,
  signalToken,
  type ClusterAuthorities,
} from '#libs/pki';
import { parseAllDocuments } from 'yaml';
import { BootstrapServer } from '../src/bootstrap/bootstrap-server.js';
import { ApiHarness } from './harness.js';

interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: Record<string, never> & {
    errors: { code: string }[];
    files: { path: string; content: string }[];
    steps: { name: string }[];
  };
}

describe('bootstrap of nodes', () => {
  let api: ApiHarness;
  let port: number;
  let caPem: string;
  let cluster: string;
  let authorities: ClusterAuthorities;
  const nodes: Record<string, string> = {};
  before(async () => {
    api = await ApiHarness.start({});
    port = await api.app.get(BootstrapServer).listen();
    const uow = new UnitOfWork(api.database.source);
    ({ certPem: caPem } = await ensureBootstrapAuthority(uow, api.parts.secrets, createBootstrapAuthority));
    await api
      .as('demo')
      .post('/v1/clustertemplates', { name: 't', image_id: 'ubuntu', coe: 'kubernetes', master_lb_enabled: true })
      .expect(201);
    const body = { name: 'k1', cluster_template_id: 't', node_count: 2, master_count: 3, docker_volume_size: 5 };
    cluster = (await api.as('demo').post('/v1/clusters', body).expect(202)).body.uuid;
    authorities = await createClusterAuthorities('k1');
    await uow.run((tx) => storeAuthorities(api.parts.secrets, tx, cluster, authorities));
    const groups: { uuid: string; role: string; node_count: number }[] = await api.database.source.query(
      'SELECT uuid, role, node_count FROM node_groups WHERE cluster_uuid = $1',
      [cluster],
    );
    for (const group of groups) {
      for (let slot = 0; slot < group.node_count; slot++) {
        const uuid = (nodes[`${group.role}-${slot}`] = randomUUID());
        await api.database.source.query(
          `INSERT INTO nodes (uuid, cluster_uuid, node_group_uuid, project_id, name, slot, role, private_ip, allowed_sources)
           VALUES ($1, $2, $3, 'p-demo', $4, $5, $6, '10.0.0.9', '["10.0.0.9", "127.0.0.1"]')`,
          [uuid, cluster, group.uuid, `k1-${group.role}-${slot}`, slot, group.role],
        );
      }
    }
    await api.database.source.query(
      `INSERT INTO stacks (uuid, cluster_uuid, project_id, name, template, outputs) VALUES ($1, $2, 'p-demo', 'infrastructure', '{}', $3)`,
      [cluster, cluster, JSON.stringify({ api_host: '127.25.0.7', api_private_ip: '10.0.0.4' })],
    );
    const facts = { kubernetesVersion: 'v1.36.4', imageKubeVersion: null, nodeCidr: '10.0.0.0/24' };
    await api.database.source.query('UPDATE node_groups SET node_facts = $1', [JSON.stringify(facts)]);
    await api.database.source.query('UPDATE clusters SET stack_id = $1 WHERE uuid = $1', [cluster]);
  });
  after(() => api.close());

  const post = (path: string, body: unknown, headers: Record<string, string> = {}, localAddress = '127.0.0.1'): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const text = JSON.stringify(body);
      const options = {
        host: '127.0.0.1',
        port,
        path: new URL(path, 'https://x/bootstrap/v1/nodes/').pathname,
        method: 'POST',
        ca: caPem,
        localAddress,
      };
      const call = request(
        {
          ...options,
          agent: false,
          headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), ...headers },
        },
        (answer) => {
          let received = '';
          answer.on('data', (chunk: Buffer) => (received += chunk.toString()));
          answer.on('end', () =>
            resolve({
              status: answer.statusCode ?? 0,
              retryAfter: answer.headers['retry-after'],
              body: received ? JSON.parse(received) : {},
            }),
          );
        },
      );
      call.on('error', reject);
      call.end(text);
    });
  const nonce = (node: string): string => nodeNonce(api.parts.keyRing, nodes[node]!);
  const fetchBundle = (node: string, key = node, localAddress?: string): Promise<Answer> =>
    post(`${nodes[node]!}/bundle`, { nonce: nonce(node), retry_key: key.padEnd(32, '.') }, {}, localAddress);
  const turn = (node: string, token = reportToken(nonce(node))): Promise<Answer> =>
    post(`${nodes[node]!}/turn`, {}, { authorization: `Bearer ${token}` });
  const report = (node: string, body: unknown, token = reportToken(nonce(node))): Promise<Answer> =>
    post(`${nodes[node]!}/phases`, body, { authorization: `Bearer ${token}` });
  const codeOf = (answer: Answer): unknown[] => [answer.status, answer.body.errors[0]?.code];

  it('takes signals to the wait condition handles of stacks, by the token of each', async () => {
    const handle = randomUUID();
    await api.database.source.query(
      `INSERT INTO stack_resources (uuid, stack_uuid, name, type, physical_name) VALUES ($1, $2, 'handle', 'OS::Heat::WaitConditionHandle', 'k1-handle')`,
      [handle, cluster],
    );
    const signal = (body: unknown, to = handle, token = signalToken(api.parts.keyRing, to)): Promise<Answer> =>
      post(`../signals/${to}`, body, { authorization: `Bearer ${token}` });
    assert.equal((await signal({ status: 'SUCCESS', data: { up: true } })).status, 204);
    assert.equal((await signal({ status: 'FAILURE', reason: 'no disk', id: 'a' })).status, 204);
    assert.equal((await signal({ status: 'SUCCESS', id: 'a' })).status, 204);
    assert.deepEqual(codeOf(await signal({}, handle, 'wrong')), [401, 'token-refused']);
    assert.deepEqual(codeOf(await signal({ status: 'MAYBE' })), [400, 'invalid-input']);
    assert.deepEqual(codeOf(await signal({}, randomUUID())), [404, 'node-not-found']);
    const kept = await new StackSignalsRepository(api.database.source).of(handle);
    assert.deepEqual(JSON.parse(JSON.stringify(kept)), [
      { id: '1', status: 'SUCCESS', reason: null, data: '{"up":true}' },
      { id: 'a', status: 'SUCCESS', reason: null, data: null },
    ]);
  });

  it('knows nodes by their nonce alone', async () => {
    assert.deepEqual(
      codeOf(await post(`${nodes['master-0']!}/bundle`, { nonce: nonce('master-1'), retry_key: 'x'.repeat(32) })),
      [403, 'nonce-refused'],
    );
    assert.deepEqual(codeOf(await report('master-0', { phase: 'boot', status: 'done' }, 'wrong')), [401, 'token-refused']);
    assert.deepEqual(codeOf(await post('nope/bundle', {})), [404, 'node-not-found']);
    assert.deepEqual(codeOf(await post(`${nodes['master-0']!}/bundle`, { nonce: 'x' })), [400, 'invalid-input']);
    const stranger = randomUUID();
    const token = reportToken(nodeNonce(api.parts.keyRing, stranger));
    const answer = await post(`${stranger}/phases`, { phase: 'boot', status: 'done' }, { authorization: `Bearer ${token}` });
    assert.deepEqual(codeOf(answer), [404, 'node-not-found']);
  });

  it('gives nothing to foreign addresses, and says so to the cluster’s users', async () => {
    assert.deepEqual(codeOf(await fetchBundle('master-0', 'master-0', '127.0.0.2')), [403, 'source-refused']);
    const { body } = await api.as('demo').get('/v1/clusters/k1/events').expect(200);
    const warning = body.events.at(-1);
    assert.deepEqual([warning.type, warning.level, warning.node_id], ['node.bundle-refused', 'warning', nodes['master-0']]);
    assert.match(warning.message, /127\.0\.0\.2/);
  });

  it('lets a node that would join ask again while the address of the API is not known, and uses nothing up', async () => {
    const [stack] = (await api.database.source.query('SELECT outputs FROM stacks')) as [{ outputs: object }];
    await api.database.source.query(`UPDATE stacks SET outputs = '{}'`);
    const answer = await fetchBundle('worker-0');
    await api.database.source.query('UPDATE stacks SET outputs = $1', [JSON.stringify(stack.outputs)]);
    assert.deepEqual([...codeOf(answer), answer.retryAfter], [503, 'not-yet', '1']);
  });

  it('logs what nobody foresaw, and says "later"', async (t) => {
    const error = t.mock.method(api.parts.log, 'error');
    await api.database.source.query('UPDATE node_groups SET node_facts = node_facts || $1', ['{"nodeCidr": 7}']);
    const answer = await fetchBundle('worker-0');
    await api.database.source.query('UPDATE node_groups SET node_facts = node_facts || $1', ['{"nodeCidr": "10.0.0.0/24"}']);
    assert.deepEqual(codeOf(answer), [503, 'internal']);
    const said = error.mock.calls[0]?.arguments[0] as { nodeId?: string } | undefined;
    assert.equal(said?.nodeId, nodes['worker-0']);
  });

  it('gives every node its bundle at once: what to do first, and what to join with', async () => {
    const [first, second, worker] = await Promise.all(['master-0', 'master-1', 'worker-0'].map((node) => fetchBundle(node)));
    assert.deepEqual([first?.status, second?.status, worker?.status], [200, 200, 200]);
    assert.equal(first?.body.steps.at(-1)?.name, 'kubeadm-init');
    const kubeadm = first?.body.files.find((file) => file.path === '/run/kubeadm/kubeadm.yaml')?.content ?? '';
    const documents = parseAllDocuments(kubeadm).map((document) =>
      (document as unknown as { toJSON(): Record<string, unknown> }).toJSON(),
    );
    const configuration = documents.find((document) => document['kind'] === 'ClusterConfiguration');
    assert.equal(configuration?.['kubernetesVersion'], 'v1.36.4');
    assert.equal(configuration?.['controlPlaneEndpoint'], '127.25.0.7:6443');
    assert.ok(
      first?.body.files.some(
        (file) => file.path === '/etc/kubernetes/pki/ca.key' && file.content.trim() === authorities.ca.keyPem.trim(),
      ),
    );
    assert.equal(second?.body.steps.at(-1)?.name, 'kubeadm-join');
    assert.ok(!worker?.body.files.some((file) => file.path.startsWith('/etc/kubernetes/pki') && file.path.endsWith('.key')));
  });

  it('makes nodes wait for their turn to join and lets them go as soon as it comes', async () => {
    let early = false;
    const waiting = { second: turn('master-1'), third: turn('master-2'), worker: turn('worker-0') };
    void Promise.race(Object.values(waiting)).then(() => (early = true));
    assert.equal((await turn('master-0')).status, 204);
    assert.deepEqual(codeOf(await turn('master-0', 'wrong')), [401, 'token-refused']);
    assert.equal(early, false);

    assert.equal((await report('master-0', { phase: 'kubeadm-init', status: 'done' })).status, 204);
    const [second, worker] = await Promise.all([waiting.second, waiting.worker]);
    assert.deepEqual([second.status, worker.status], [204, 204]);
    assert.equal((await report('master-1', { phase: 'kubeadm-join', status: 'done' })).status, 204);
    assert.equal((await waiting.third).status, 204);
  });

  it('gives the bundle once, and again only for the same key', async () => {
    assert.equal((await fetchBundle('worker-0')).status, 200);
    assert.deepEqual(codeOf(await fetchBundle('worker-0', 'another')), [403, 'bundle-used']);
    await api.database.source.query(`UPDATE nodes SET bundle_fetched_at = now() - interval '11 minutes' WHERE uuid = $1`, [
      nodes['worker-0'],
    ]);
    assert.deepEqual(codeOf(await fetchBundle('worker-0')), [403, 'bundle-used']);
    const answers = await Promise.all(['a', 'b', 'c', 'd'].map((key) => fetchBundle('worker-1', key)));
    assert.deepEqual(answers.map((answer) => answer.status).sort(), [200, 403, 403, 403]);
  });

  it('keeps what nodes report: once, in order, without secrets', async () => {
    const say = async (phase: string, status: string, more: object = {}): Promise<void> => {
      assert.equal((await report('worker-1', { phase, status, ...more })).status, 204);
    };
    await say('boot', 'done');
    await say('boot', 'done');
    await say('containerd', 'started');
    await say('boot', 'started');
    await say('containerd', 'failed', { exit_code: 3, log_tail: 'using token abcdef.0123456789abcdef' });
    await say('containerd', 'started');
    await say('containerd', 'done');
    await say('containerd', 'failed');
    const { body } = await api.as('demo').get('/v1/clusters/k1/nodes').expect(200);
    const node = body.nodes.find((one: { uuid: string }) => one.uuid === nodes['worker-1']);
    assert.deepEqual([node.phase, node.phase_status], ['containerd', 'done']);
    assert.deepEqual(
      node.phases.map((phase: { phase: string; status: string }) => `${phase.phase} ${phase.status}`),
      ['boot done', 'containerd started', 'containerd failed', 'containerd started', 'containerd done'],
    );
    const failed = node.phases[2];
    assert.equal(failed.exit_code, 3);
    assert.ok(!failed.log_tail.includes('0123456789abcdef'));
    const { body: told } = await api.as('demo').get('/v1/clusters/k1/events').expect(200);
    const event = told.events.find((one: { level: string }) => one.level === 'error');
    assert.equal(event.message, 'node k1-worker-1: containerd failed with exit code 3');
    assert.deepEqual(codeOf(await report('worker-1', { phase: 'ready', status: 'done' })), [400, 'invalid-input']);
  });

  it('keeps a bounded number of reports and warnings, whatever a machine in foreign hands says', async () => {
    const count = async (sql: string): Promise<number> => {
      const [row] = (await api.database.source.query(`SELECT count(*)::integer AS n FROM ${sql}`, [nodes['master-1']])) as [
        { n: number },
      ];
      return row.n;
    };
    await api.database.source.query(
      `INSERT INTO node_phases (node_uuid, phase, status) SELECT $1, 'boot', 'done' FROM generate_series(1, 190)`,
      [nodes['master-1']],
    );
    await api.database.source.query(`UPDATE nodes SET phase = 'bundle', phase_status = 'started' WHERE uuid = $1`, [
      nodes['master-1'],
    ]);
    for (let n = 0; n < 14; n++) await report('master-1', { phase: 'bundle', status: n % 2 ? 'started' : 'failed' });
    assert.equal(await count('node_phases WHERE node_uuid = $1'), 200);

    for (let n = 0; n < 3; n++) assert.equal((await fetchBundle('master-1', `key-${n}`, '127.0.0.3')).status, 403);
    assert.equal(await count(`events WHERE type = 'node.bundle-refused' AND node_uuid = $1`), 1);
  });

  it('sends nodes of a cluster that is being deleted away, and those that are too old', async () => {
    await api.database.source.query(`UPDATE nodes SET created_at = now() - interval '2 hours' WHERE uuid = $1`, [
      nodes['master-2'],
    ]);
    assert.deepEqual(codeOf(await fetchBundle('master-2')), [403, 'node-too-old']);
    await api.as('demo').delete('/v1/clusters/k1').expect(204);
    assert.deepEqual(codeOf(await fetchBundle('master-1')), [410, 'cluster-deleted']);
  });
});
