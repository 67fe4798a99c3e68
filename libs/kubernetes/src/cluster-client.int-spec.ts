import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { createAuthority, issueClientCertificate } from '#libs/pki';
import { clusterClient, type ClusterClient } from './index.js';
import { ApiServer, failure, node } from './test/api-server.js';

describe('clusterClient', () => {
  let api: ApiServer;
  let kube: ClusterClient;
  before(async () => {
    api = await ApiServer.start();
    kube = api.kube();
  });
  after(async () => {
    await kube.close();
    await api.close();
  });
  beforeEach(() => {
    api.seen.length = 0;
  });

  it('asks for version and readiness with its client certificate, on connections that are kept', async () => {
    api.on('GET /version', { body: { major: '1', gitVersion: 'v1.36.4' } }).on('GET /readyz', { text: 'ok' });
    assert.equal((await kube.version()).gitVersion, 'v1.36.4');
    await kube.ready();
    for (let n = 0; n < 10; n++) await kube.version();
    assert.equal(api.seen[0]?.user, 'conductor');
    assert.ok(api.connections <= 3, `${api.connections} connections`);
  });

  it('lists nodes in pages, with conditions and addresses', async () => {
    api.on('GET /api/v1/nodes', ({ query }) =>
      query.get('continue') === 'more'
        ? { body: { metadata: { resourceVersion: '9' }, items: [node('c', null)] } }
        : { body: { metadata: { resourceVersion: '9', continue: 'more' }, items: [node('a', 'True'), node('b', 'Unknown')] } },
    );
    const [a, b, c, ...rest] = await kube.nodes();
    assert.deepEqual(rest, []);
    assert.deepEqual(a, {
      name: 'a',
      uid: 'uid-a',
      providerId: 'openstack:///a',
      ready: true,
      reason: 'KubeletTrue',
      message: 'words',
      controlPlane: true,
      unschedulable: false,
      taints: [],
      kubeletVersion: 'v1.36.4',
      containerRuntimeVersion: 'containerd://2.1.4',
      addresses: [{ type: 'InternalIP', address: '10.0.0.5' }],
      conditions: [
        { type: 'Ready', status: 'True', reason: 'KubeletTrue', message: 'words', lastTransitionTime: '2026-01-01T00:00:00Z' },
      ],
      labels: { 'node-role.kubernetes.io/control-plane': '' },
    });
    assert.deepEqual([b?.ready, b?.reason, c?.ready, c?.reason], [false, 'KubeletUnknown', false, 'NoCondition']);
    assert.equal(api.seen.length, 2);
  });

  it('labels, cordons and removes nodes', async () => {
    api.on('PATCH /api/v1/nodes/a', { body: {} }).on('DELETE /api/v1/nodes/a', { body: {} });
    await kube.labelNode('a', { role: 'worker', old: null });
    await kube.cordon('a');
    await kube.uncordon('a');
    await kube.deleteNode('a');
    await kube.deleteNode('gone');
    assert.deepEqual(
      api.seen.map(({ body }) => body),
      [
        { metadata: { labels: { role: 'worker', old: null } } },
        { spec: { unschedulable: true } },
        { spec: { unschedulable: null } },
        undefined,
        undefined,
      ],
    );
    assert.equal(api.seen[0]?.contentType, 'application/merge-patch+json');
  });

  it('keeps a bootstrap token good, and removes it', async () => {
    const path = '/api/v1/namespaces/kube-system/secrets/bootstrap-token-abcdef';
    api.on(`PATCH ${path}`, { body: {} });
    await kube.ensureBootstrapToken('abcdef.0123456789abcdef', new Date('2026-11-21T10:00:00.123Z'));
    await kube.deleteBootstrapToken('abcdef.0123456789abcdef');
    const { body, query, contentType } = api.seen[0]!;
    const secret = body as { type: string; metadata: object; data: Record<string, string> };
    assert.equal(contentType, 'application/apply-patch+yaml');
    assert.equal(query.get('fieldManager'), 'jeroboam');
    assert.equal(secret.type, 'bootstrap.kubernetes.io/token');
    const data = Object.fromEntries(
      Object.entries(secret.data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
    );
    assert.deepEqual(data, {
      'auth-extra-groups': 'system:bootstrappers:kubeadm:default-node-token',
      description: 'Nodes of this cluster join with it while they are made.',
      expiration: '2026-11-21T10:00:00Z',
      'token-id': 'abcdef',
      'token-secret': '0123456789abcdef',
      'usage-bootstrap-authentication': 'true',
      'usage-bootstrap-signing': 'true',
    });
    assert.equal(api.seen[1]?.path, path);
    await assert.rejects(kube.ensureBootstrapToken('ABCDEF.0123456789abcdef', new Date()), RangeError);
  });

  it('applies objects of every kind by their discovered paths', async () => {
    api
      .on('GET /api/v1', {
        body: {
          resources: [
            { name: 'namespaces/status', kind: 'Namespace', namespaced: false },
            { name: 'namespaces', kind: 'Namespace', namespaced: false },
          ],
        },
      })
      .on('GET /apis/apps/v1', { body: { resources: [{ name: 'daemonsets', kind: 'DaemonSet', namespaced: true }] } })
      .on('PATCH /api/v1/namespaces/cni', ({ body }) => ({ body }))
      .on('PATCH /apis/apps/v1/namespaces/cni/daemonsets/agent', ({ body }) => ({ body }))
      .on('PATCH /apis/apps/v1/namespaces/default/daemonsets/other', ({ body }) => ({ body }));
    const yaml = `
apiVersion: v1
kind: Namespace
metadata: {name: cni, labels: {a: "no"}}
---
# nothing
---
apiVersion: v1
kind: List
items:
- {apiVersion: apps/v1, kind: DaemonSet, metadata: {name: agent, namespace: cni}}
- {apiVersion: apps/v1, kind: DaemonSet, metadata: {name: other}}
`;
    const applied = await kube.apply(yaml, 'jeroboam-addons');
    assert.deepEqual(
      applied.map(({ metadata }) => metadata.name),
      ['cni', 'agent', 'other'],
    );
    assert.equal(api.seen.filter(({ method }) => method === 'GET').length, 2);
    const patch = api.seen.find(({ method }) => method === 'PATCH');
    assert.deepEqual([patch?.query.get('fieldManager'), patch?.query.get('force')], ['jeroboam-addons', 'true']);
    await kube.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'cni' } }, 'x');
    await assert.rejects(kube.apply({ apiVersion: 'v1', kind: 'Wombat', metadata: { name: 'w' } }, 'x'), /knows no Wombat in v1/);
    await assert.rejects(kube.apply('a: [', 'x'), TypeError);
    await assert.rejects(kube.apply('kind: Namespace', 'x'), TypeError);
  });

  it('closes its connections', async () => {
    api.on('GET /version', { body: { gitVersion: 'v1' } });
    const other = api.kube();
    await other.version();
    const open = await api.openConnections();
    await other.close();
    await other.close();
    while ((await api.openConnections()) >= open) await new Promise((resolve) => setImmediate(resolve));
    await assert.rejects(other.version());
  });

  it('asks again what only reads when a kept connection was closed', async () => {
    api.on('GET /version', { body: { gitVersion: 'v1' } });
    await kube.version();
    api.dropConnections();
    assert.equal((await kube.version()).gitVersion, 'v1');
  });

  it('takes https alone', async () => {
    const { certPem, keyPem } = await issueClientCertificate(await createAuthority('x', 'ecdsa-p256'), {
      commonName: 'c',
      organizations: [],
      minutes: 1,
    });
    assert.throws(() => clusterClient({ server: 'http://127.0.0.1:1', caPem: certPem, certPem, keyPem }), TypeError);
  });

  it('drains: evicts, waits for budgets, leaves daemons, static and finished pods alone', async () => {
    const owner = (kind: string): object => ({ ownerReferences: [{ kind, controller: true }] });
    const pod = (name: string, more: object = {}, phase = 'Running'): object => ({
      metadata: { name, namespace: 'd', uid: name, ...more },
      status: { phase },
    });
    const stay = [
      pod('daemon', owner('DaemonSet')),
      pod('static', { annotations: { 'kubernetes.io/config.mirror': 'x' } }),
      pod('done', {}, 'Succeeded'),
    ];
    const go = new Map([
      ['web', pod('web', owner('ReplicaSet'))],
      ['guarded', pod('guarded')],
    ]);
    let forbidden = 2;
    api
      .on('GET /api/v1/pods', ({ query }) => ({
        body: { items: query.get('fieldSelector') === 'spec.nodeName=a' ? [...stay, ...go.values()] : [] },
      }))
      .on('POST /api/v1/namespaces/d/pods/web/eviction', () => ({ body: { deleted: go.delete('web') } }))
      .on('POST /api/v1/namespaces/d/pods/guarded/eviction', () =>
        forbidden-- > 0
          ? failure(429, 'TooManyRequests', 'Cannot evict pod as it would violate the pod’s disruption budget.')
          : { body: { deleted: go.delete('guarded') } },
      );
    assert.deepEqual(await kube.drain('a', { drainMs: 5_000, pollMs: 1 }), { complete: true, evicted: 2, remaining: [] });
    const eviction = api.seen.find(({ method }) => method === 'POST')?.body as {
      kind: string;
      apiVersion: string;
      deleteOptions: object;
    };
    assert.deepEqual(
      [eviction.apiVersion, eviction.kind, eviction.deleteOptions],
      ['policy/v1', 'Eviction', { preconditions: { uid: 'web' } }],
    );

    go.set('guarded', pod('guarded'));
    forbidden = Number.MAX_SAFE_INTEGER;
    const bounded = await kube.drain('a', { drainMs: 20, pollMs: 5 });
    assert.deepEqual(bounded, {
      complete: false,
      evicted: 0,
      remaining: [
        { namespace: 'd', name: 'guarded', reason: 'Cannot evict pod as it would violate the pod’s disruption budget.' },
      ],
    });
    const controller = new AbortController();
    const draining = kube.drain('a', { drainMs: 60_000, pollMs: 30_000, signal: controller.signal });
    setImmediate(() => controller.abort());
    await assert.rejects(draining, { name: 'AbortError' });
  });
});
