import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { storeAuthorities, UnitOfWork } from '#libs/db';
import { createClusterAuthorities, type ClusterAuthorities } from '#libs/pki';
import { parse } from 'yaml';
import { certificateRequest } from './certificate-request.js';
import { ApiHarness } from './harness.js';

interface Kubeconfig {
  clusters: { name: string; cluster: Record<string, string> }[];
  users: { name: string; user: Record<string, string> }[];
  'current-context': string;
}

describe('kubeconfig', () => {
  let api: ApiHarness;
  let uuid: string;
  let authorities: ClusterAuthorities;
  const pem = (base64: string | undefined): string => Buffer.from(base64 ?? '', 'base64').toString();
  const read = (text: string): Kubeconfig => parse(text) as Kubeconfig;
  const certificateOf = (text: string): X509Certificate =>
    new X509Certificate(pem(read(text).users[0]?.user['client-certificate-data']));
  const minutesLeft = ({ validTo }: X509Certificate): number => Math.round((Date.parse(validTo) - Date.now()) / 60_000);
  const path = '/v1/clusters/k1/kubeconfig';

  before(async () => {
    api = await ApiHarness.start({ KUBECONFIG_MAX_MINUTES: '600' });
    await api.as('demo').post('/v1/clustertemplates', { name: 't', image_id: 'ubuntu', coe: 'kubernetes' }).expect(201);
    uuid = (await api.as('demo').post('/v1/clusters', { name: 'k1', cluster_template_id: 't' }).expect(202)).body.uuid;
    authorities = await createClusterAuthorities('k1');
  });
  after(() => api.close());

  it('waits for certificates and address', async () => {
    await api.as('demo').get(path).expect(409);
    const uow = new UnitOfWork(api.database.source);
    await uow.run((tx) => storeAuthorities(api.parts.secrets, tx, uuid, authorities));
    const { body } = await api.as('demo').get(path).expect(409);
    assert.equal(body.errors[0].detail, 'Cluster API address is not available yet');
    await api.database.source.query(`UPDATE clusters SET api_address = 'https://127.25.0.9:6443', access_bound_at = now()`);
  });

  it('gives a key and a certificate for an hour, and keeps neither', async () => {
    const answer = await api.as('demo').get(path).expect(200);
    assert.equal(answer.type, 'application/yaml');
    assert.equal(answer.headers['cache-control'], 'no-store');
    const { clusters, users, 'current-context': current } = read(answer.text);
    assert.deepEqual(clusters, [
      {
        name: 'k1',
        cluster: {
          server: 'https://127.25.0.9:6443',
          'certificate-authority-data': Buffer.from(authorities.ca.certPem).toString('base64'),
        },
      },
    ]);
    assert.equal(current, 'k1');
    const certificate = certificateOf(answer.text);
    assert.equal(certificate.subject, 'O=jeroboam:member\nCN=u-demo');
    assert.ok(certificate.verify(new X509Certificate(authorities.ca.certPem).publicKey));
    const key = pem(users[0]?.user['client-key-data']);
    assert.ok(certificate.checkPrivateKey(createPrivateKey(key)));
    assert.equal(minutesLeft(certificate), 60);
    const rows = await api.database.source.query(`SELECT * FROM events WHERE type = 'certificate.issued'`);
    assert.equal(rows.length, 1);
    assert.match(rows[0].message, /^user u-demo was given a kubeconfig of cluster k1, good until /);
    const again = await api.as('demo').get(`${path}?minutes=600`).expect(200);
    assert.notEqual(pem(read(again.text).users[0]?.user['client-key-data']), key);
    assert.equal(minutesLeft(certificateOf(again.text)), 600);
  });

  it('gives rights as policy has it, whoever made the cluster', async () => {
    const subject = async (person: string): Promise<string> =>
      certificateOf((await api.as(person).get(path).expect(200)).text).subject;
    assert.equal(await subject('colleague'), 'O=jeroboam:member\nCN=u-colleague');
    assert.equal(await subject('reader'), 'O=jeroboam:reader\nCN=u-reader');
    await api.as('other').get(path).expect(404);
    await api.as('admin').get(path).expect(404);
  });

  it('signs a key that stays with its owner', async () => {
    const { csr, keyPem } = await certificateRequest('O=system:masters, CN=admin');
    const { text } = await api.as('demo').post(path, { csr, minutes: 30 }).expect(200);
    assert.deepEqual(Object.keys(read(text).users[0]?.user ?? {}), ['client-certificate-data']);
    const certificate = certificateOf(text);
    assert.ok(certificate.checkPrivateKey(createPrivateKey(keyPem)));
    assert.equal(certificate.subject, 'O=jeroboam:member\nCN=u-demo');
    assert.equal(minutesLeft(certificate), 30);
    await api.as('demo').post(path, { csr: 'garbage' }).expect(400);
    await api.as('demo').post(path, {}).expect(400);
  });

  it('is not for longer than the operator wants, and speaks YAML', async () => {
    const { body } = await api.as('demo').get(`${path}?minutes=601`).expect(400);
    assert.match(body.errors[0].detail, /attribute minutes\. Value: '601'\. Value should be lesser or equal to 600/);
    await api.as('demo').get(path).set('accept', 'application/yaml').expect(200);
    await api.as('demo').get(path).set('accept', 'text/html').expect(406);
  });
});
