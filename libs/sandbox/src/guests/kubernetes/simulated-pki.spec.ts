import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import assert from 'node:assert/strict';
import { createPrivateKey, webcrypto, X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import { testAuthority } from '../testing/test-authorities.js';
import { createRequest, issueLeaf, publicKeyPin, readAuthority, readRequest, signRequest } from './simulated-pki.js';

describe('certificates of simulated clusters', () => {
  it('issues leaves that chain and carry their names', async () => {
    const { certPem, keyPem } = await testAuthority('kubernetes');
    const authority = readAuthority(certPem, keyPem);
    const leaf = issueLeaf(authority, {
      commonName: 'kube-apiserver',
      organizations: ['a', 'b'],
      usage: 'server',
      dnsNames: ['kubernetes'],
      ips: ['10.0.0.1'],
    });
    const certificate = new X509Certificate(leaf.certPem);
    assert.equal(certificate.verify(new X509Certificate(certPem).publicKey), true);
    assert.equal(certificate.checkIssued(new X509Certificate(certPem)), true);
    assert.equal(certificate.checkPrivateKey(createPrivateKey(leaf.keyPem)), true);
    assert.equal(certificate.subject, 'O=a\nO=b\nCN=kube-apiserver');
    assert.equal(certificate.subjectAltName, 'DNS:kubernetes, IP Address:10.0.0.1');
    assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1']);
    assert.match(publicKeyPin(certPem), /^sha256:[0-9a-f]{64}$/);
  });

  it('refuses a key of another authority', async () => {
    const [one, other] = [await testAuthority('one'), await testAuthority('other')];
    assert.throws(() => readAuthority(one.certPem, other.keyPem), /does not match/);
  });

  it('signs requests, its own and those of others', async () => {
    const { certPem, keyPem } = await testAuthority('kubernetes');
    const authority = readAuthority(certPem, keyPem);
    const algorithm = {
      name: 'RSASSA-PKCS1-v1_5',
      hash: 'SHA-256',
      modulusLength: 2048,
      publicExponent: new Uint8Array([1, 0, 1]),
    };
    const foreign = await x509.Pkcs10CertificateRequestGenerator.create({
      name: 'O=system:nodes,CN=system:node:n1',
      keys: await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']),
      signingAlgorithm: algorithm,
      extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: 'n1' }])],
    });
    for (const [pem, names] of [
      [foreign.toString('pem'), 'DNS:n1'],
      [createRequest('system:node:n1', ['system:nodes']).csrPem, undefined],
    ] as const) {
      const request = readRequest(pem);
      assert.deepEqual([request.commonName, request.organizations], ['system:node:n1', ['system:nodes']]);
      const certificate = new X509Certificate(signRequest(authority, request, { usage: 'client', days: 1 }));
      assert.equal(certificate.verify(authority.certificate.publicKey), true);
      assert.equal(certificate.subject, 'O=system:nodes\nCN=system:node:n1');
      assert.equal(certificate.subjectAltName, names);
    }
  });

  it('refuses a request whose signature is wrong', () => {
    const { csrPem } = createRequest('a', []);
    const bytes = Buffer.from(csrPem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    assert.throws(() =>
      readRequest(`-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`),
    );
    assert.throws(() => readRequest('nonsense'), /no PEM block/);
  });
});
