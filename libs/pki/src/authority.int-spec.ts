import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { createAuthority, createBootstrapAuthority, createClusterAuthorities, spkiPin } from './authority.js';
import { issueClientCertificate, issueServerCertificate } from './issue.js';
import { Openssl } from './test/openssl.js';

describe('authorities, as openssl sees them', () => {
  let openssl: Openssl;
  before(async () => {
    openssl = await Openssl.open();
  });
  after(() => openssl.close());

  it('makes three authorities of a cluster, each with its own key', async () => {
    const { ca, etcdCa, frontProxyCa, serviceAccount } = await createClusterAuthorities('k1');
    const keys = new Set<string>();
    for (const { certPem, keyPem } of [ca, etcdCa, frontProxyCa]) {
      assert.match(await openssl.verify(certPem, certPem), /leaf.pem: OK/);
      const text = await openssl.text(certPem);
      assert.match(text, /Issuer: CN\s?=\s?k1\n/);
      assert.match(text, /Subject: CN\s?=\s?k1\n/);
      assert.match(text, /ASN1 OID: prime256v1/);
      assert.match(text, /Basic Constraints: critical\s+CA:TRUE, pathlen:0\n/);
      assert.match(text, /Key Usage: critical\s+Certificate Sign\n/);
      const certificate = new X509Certificate(certPem);
      assert.equal(certificate.checkPrivateKey(createPrivateKey(keyPem)), true);
      assert.equal(Date.parse(certificate.validTo) - Date.parse(certificate.validFrom), 3651 * 86_400_000);
      assert.ok(Date.parse(certificate.validFrom) < Date.now() - 5 * 60_000);
      assert.match(keyPem, /^-----BEGIN PRIVATE KEY-----\n[^]+-----END PRIVATE KEY-----\n$/);
      assert.match(certPem, /^-----BEGIN CERTIFICATE-----\n[^]+-----END CERTIFICATE-----\n$/);
      keys.add(spkiPin(certPem));
    }
    assert.equal(keys.size, 3);
    assert.equal(createPrivateKey(serviceAccount.privatePem).asymmetricKeyDetails?.modulusLength, 2048);
    const ofPrivate = createPublicKey(serviceAccount.privatePem).export({ type: 'spki', format: 'pem' });
    assert.equal(ofPrivate, serviceAccount.publicPem);
  });

  it('makes RSA 2048 authorities where they are asked for', async () => {
    const ca = await createAuthority('k1', 'rsa-2048');
    const text = await openssl.text(ca.certPem);
    assert.match(text, /Public-Key: \(2048 bit\)/);
    assert.match(text, /Signature Algorithm: sha256WithRSAEncryption/);
    const leaf = await issueClientCertificate(ca, { commonName: 'c', organizations: [], minutes: 1 });
    assert.match(await openssl.verify(ca.certPem, leaf.certPem, 'sslclient'), /OK/);
  });

  it('takes a name of any length and with any character', async () => {
    const long = await createAuthority('n'.repeat(242), 'ecdsa-p256');
    assert.match(await openssl.text(long.certPem), new RegExp(`Subject: CN\\s?=\\s?n{64}\n`));
    const odd = await createAuthority('a, O=system:masters+é"', 'ecdsa-p256');
    const subject = await openssl.run(['x509', '-in', 'odd.pem', '-noout', '-subject', '-nameopt', 'sep_multiline,utf8'], {
      'odd.pem': odd.certPem,
    });
    assert.deepEqual(subject.trim().split('\n'), ['subject=', '    CN=a, O=system:masters+é"']);
    assert.match(await openssl.verify(odd.certPem, odd.certPem), /OK/);
  });

  it('pins the public key as kubeadm does', async () => {
    const { certPem } = await createBootstrapAuthority();
    const publicPem = await openssl.run(['x509', '-in', 'p.pem', '-noout', '-pubkey'], { 'p.pem': certPem });
    await openssl.run(['pkey', '-pubin', '-in', 'pub.pem', '-outform', 'der', '-out', 'pub.der'], { 'pub.pem': publicPem });
    const digest = await openssl.run(['dgst', '-sha256', '-r', 'pub.der']);
    assert.equal(spkiPin(certPem), `sha256:${digest.slice(0, 64)}`);
  });

  it('issues client certificates that live for minutes', async () => {
    const ca = await createAuthority('k1', 'ecdsa-p256');
    const { certPem, keyPem } = await issueClientCertificate(ca, {
      commonName: 'jeroboam-conductor',
      organizations: ['system:masters'],
      minutes: 30,
    });
    assert.match(await openssl.verify(ca.certPem, certPem, 'sslclient'), /OK/);
    await assert.rejects(openssl.verify(ca.certPem, certPem, 'sslserver'));
    const text = await openssl.text(certPem);
    assert.match(text, /Subject: O\s?=\s?system:masters, CN\s?=\s?jeroboam-conductor\n/);
    assert.match(text, /Basic Constraints: critical\s+CA:FALSE/);
    assert.match(text, /Extended Key Usage:\s+TLS Web Client Authentication\n/);
    const certificate = new X509Certificate(certPem);
    assert.equal(certificate.checkPrivateKey(createPrivateKey(keyPem)), true);
    const left = Date.parse(certificate.validTo) - Date.now();
    assert.ok(left > 29 * 60_000 && left <= 30 * 60_000);
  });

  it('issues server certificates for names and addresses, never beyond the authority', async () => {
    const ca = await createAuthority('k1', 'ecdsa-p256');
    const { certPem } = await issueServerCertificate(ca, {
      names: ['api.example.org', '*.example.net'],
      ips: ['127.0.0.1', '2001:db8::1'],
      days: 10_000,
    });
    assert.match(await openssl.verify(ca.certPem, certPem, 'sslserver'), /OK/);
    await assert.rejects(openssl.verify(ca.certPem, certPem, 'sslclient'));
    const certificate = new X509Certificate(certPem);
    assert.equal(certificate.checkHost('api.example.org'), 'api.example.org');
    assert.equal(certificate.checkHost('x.example.net'), '*.example.net');
    assert.equal(certificate.checkIP('127.0.0.1'), '127.0.0.1');
    assert.equal(certificate.checkIP('2001:db8::1'), '2001:db8::1');
    assert.equal(certificate.checkIP('127.0.0.2'), undefined);
    assert.equal(certificate.validTo, new X509Certificate(ca.certPem).validTo);
    const peer = await issueServerCertificate(ca, { names: [], ips: ['::1'], days: 1, alsoClient: true });
    assert.match(await openssl.verify(ca.certPem, peer.certPem, 'sslclient'), /OK/);
    await assert.rejects(issueServerCertificate(ca, { names: [], ips: [], days: 1 }), RangeError);
  });

  it('gives every certificate a serial number of its own, at most 20 bytes and positive', async () => {
    const ca = await createAuthority('k1', 'ecdsa-p256');
    const serials = new Set<string>();
    for (let n = 0; n < 40; n++) {
      const { certPem } = await issueClientCertificate(ca, { commonName: 'c', organizations: [], minutes: 1 });
      serials.add(new X509Certificate(certPem).serialNumber);
    }
    assert.equal(serials.size, 40);
    for (const serial of serials) assert.match(serial, /^[0-9A-F]{1,40}$/);
  });
});
