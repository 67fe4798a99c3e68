import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { storeAuthorities, UnitOfWork } from '#libs/db';
import { createClusterAuthorities, type ClusterAuthorities } from '#libs/pki';
import { RuleSet } from '../src/policy/rule-set.js';
import { ApiHarness } from './harness.js';
import { certificateRequest } from './certificate-request.js';

describe('certificates', () => {
  let api: ApiHarness;
  let cluster: string;
  let authorities: ClusterAuthorities;
  before(async () => {
    api = await ApiHarness.start({ API_PUBLIC_URL: 'http://api' });
    await api.as('demo').post('/v1/clustertemplates', { name: 't', image_id: 'ubuntu', coe: 'kubernetes' }).expect(201);
    const body = { name: 'k1', cluster_template_id: 't' };
    cluster = (await api.as('demo').post('/v1/clusters', body).expect(202)).body.uuid;
    authorities = await createClusterAuthorities('k1');
  });
  after(() => api.close());

  it('says when there are none yet', async () => {
    const { body } = await api.as('demo').get(`/v1/certificates/${cluster}`).expect(409);
    assert.equal(body.errors[0].detail, 'The certificates of cluster k1 are not made yet.');
    const uow = new UnitOfWork(api.database.source);
    await uow.run((tx) => storeAuthorities(api.parts.secrets, tx, cluster, authorities));
  });

  it('shows the three authorities, never a key', async () => {
    const show = async (path: string): Promise<Record<string, unknown>> =>
      (await api.as('demo').get(`/v1/certificates/${path}`).expect(200)).body;
    assert.deepEqual(await show('k1'), {
      cluster_uuid: cluster,
      links: [
        { href: `http://api/v1/certificates/${cluster}`, rel: 'self' },
        { href: `http://api/certificates/${cluster}`, rel: 'bookmark' },
      ],
      pem: authorities.ca.certPem.trimEnd(),
    });
    const expected: [string, string][] = [
      [`${cluster}?ca_cert_type=kubernetes`, authorities.ca.certPem],
      [`${cluster}?ca_cert_type=anything`, authorities.ca.certPem],
      [`${cluster}?ca_cert_type=etcd`, authorities.etcdCa.certPem],
      [`${cluster}/etcd`, authorities.etcdCa.certPem],
      [`${cluster}?ca_cert_type=front-proxy`, authorities.frontProxyCa.certPem],
      [`${cluster}/front_proxy`, authorities.frontProxyCa.certPem],
    ];
    for (const [path, pem] of expected) assert.equal((await show(path))['pem'], pem.trimEnd());
  });

  it('signs what openstack coe cluster config asks for', async () => {
    const { csr, keyPem } = await certificateRequest('O=system:masters, CN=admin');
    const { body } = await api.as('demo', 'latest').post('/v1/certificates', { cluster_uuid: cluster, csr }).expect(201);
    assert.deepEqual(Object.keys(body).sort(), ['cluster_uuid', 'csr', 'links', 'pem']);
    assert.equal(body.csr, csr);
    const certificate = new X509Certificate(body.pem);
    assert.ok(certificate.verify(new X509Certificate(authorities.ca.certPem).publicKey));
    assert.ok(certificate.checkPrivateKey(createPrivateKey(keyPem)));
    assert.equal(certificate.subject, 'O=kubeadm:cluster-admins\nCN=u-demo', 'as long as our groups are not bound');
    await api.database.source.query('UPDATE clusters SET access_bound_at = now()');
    const bound = await api.as('demo').post('/v1/certificates', { cluster_uuid: cluster, csr }).expect(201);
    assert.equal(new X509Certificate(bound.body.pem).subject, 'O=jeroboam:member\nCN=u-demo');
    const [event] = await api.database.source.query(
      `SELECT message, data FROM events WHERE type = 'certificate.issued' ORDER BY id DESC LIMIT 1`,
    );
    assert.match(event.message, /^user u-demo was given a certificate of cluster k1, good until 20/);
    assert.deepEqual(event.data.subject, ['O=jeroboam:member', 'CN=u-demo']);
    assert.equal(event.data.serial, new X509Certificate(bound.body.pem).serialNumber.toLowerCase());
  });

  it('lets nobody name himself, nor be more than an administrator, unless the operator says so', async () => {
    const { csr } = await certificateRequest('O=system:masters, CN=admin');
    const typed = (type: string): object => ({ cluster_uuid: 'k1', csr, ca_cert_type: type });
    for (const type of ['etcd', 'front-proxy', 'front_proxy']) {
      const { body } = await api.as('demo').post('/v1/certificates', typed(type)).expect(403);
      assert.equal(body.errors[0].detail, "Policy doesn't allow certificate:create_as_requested to be performed.");
    }
    const kubelet = await api.as('demo').post('/v1/certificates', typed('kubelet')).expect(201);
    assert.equal(new X509Certificate(kubelet.body.pem).subject, 'O=jeroboam:member\nCN=u-demo');
    api.parts.policy.use(new RuleSet({ 'certificate:create_as_requested': 'role:member', 'kubeconfig:admin': '!' }));
    try {
      const asked = await api.as('demo').post('/v1/certificates', { cluster_uuid: 'k1', csr }).expect(201);
      assert.match(new X509Certificate(asked.body.pem).subject, /O=system:masters/);
      const etcd = await api.as('demo').post('/v1/certificates', typed('etcd')).expect(201);
      assert.equal(etcd.body.ca_cert_type, 'etcd');
      assert.ok(new X509Certificate(etcd.body.pem).verify(new X509Certificate(authorities.etcdCa.certPem).publicKey));
      api.parts.policy.use(new RuleSet({ 'kubeconfig:admin': '!' }));
      const reader = await api.as('demo').post('/v1/certificates', { cluster_uuid: 'k1', csr }).expect(201);
      assert.equal(new X509Certificate(reader.body.pem).subject, 'O=jeroboam:reader\nCN=u-demo');
    } finally {
      api.parts.policy.use(new RuleSet());
    }
  });

  const refused: [string, string, object, number, RegExp][] = [
    ['an unknown cluster', 'demo', { cluster_uuid: 'nope', csr: 'x' }, 400, /^Cluster nope could not be found\.$/],
    ['another project', 'other', { cluster_uuid: 'k1', csr: 'x' }, 400, /^Cluster k1 could not be found\.$/],
    ['an admin of another project', 'admin', { cluster_uuid: 'k1', csr: 'x' }, 400, /^Cluster k1 could not be found\.$/],
    [
      'a colleague',
      'colleague',
      { cluster_uuid: 'k1', csr: 'x' },
      403,
      /^Policy doesn't allow certificate:create to be performed\.$/,
    ],
    ['no request', 'demo', { cluster_uuid: 'k1' }, 400, /attribute csr\. Value: 'None'\. Mandatory field missing\.$/],
    ['garbage', 'demo', { cluster_uuid: 'k1', csr: 'garbage' }, 400, /^Received invalid csr b'garbage'\./],
  ];
  for (const [sentence, person, body, status, detail] of refused) {
    it(`refuses ${sentence}`, async () => {
      const answer = await api.as(person).post('/v1/certificates', body).expect(status);
      assert.match(answer.body.errors[0].detail, detail);
    });
  }

  it('shows nothing to others', async () => {
    await api.as('other').get(`/v1/certificates/${cluster}`).expect(404);
    await api.as('admin').get(`/v1/certificates/${cluster}`).expect(404);
    await api.as('reader').get(`/v1/certificates/${cluster}`).expect(403);
  });
});
