import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { InvalidInput } from '#libs/domain';
import { createAuthority } from './authority.js';
import type { CertificateAuthority } from './certificate.js';
import { signCsr } from './sign-csr.js';
import { Openssl } from './test/openssl.js';

const EC = ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
const addext = (...extensions: string[]): string[] => extensions.flatMap((text) => ['-addext', text]);
const refused = (code: string, words: RegExp) => (error: unknown) => {
  assert.ok(error instanceof InvalidInput, String(error));
  assert.equal(error.code, code);
  assert.match(error.message, words);
  return true;
};

describe('signCsr', () => {
  let openssl: Openssl;
  let ca: CertificateAuthority;
  before(async () => {
    openssl = await Openssl.open();
    ca = await createAuthority('k1', 'ecdsa-p256');
  });
  after(() => openssl.close());

  const accepted: [what: string, newkey: string[], more: string[]][] = [
    ['RSA 2048, as python-magnumclient sends it', ['rsa:2048'], []],
    ['ECDSA P-256', EC, []],
    ['ECDSA P-384 with SHA-384', ['ec', '-pkeyopt', 'ec_paramgen_curve:P-384'], ['-sha384']],
    ['ECDSA P-521 with SHA-512', ['ec', '-pkeyopt', 'ec_paramgen_curve:P-521'], ['-sha512']],
    ['Ed25519', ['ed25519'], []],
    ['RSA-PSS signature', ['rsa:2048'], ['-sigopt', 'rsa_padding_mode:pss', '-sha256']],
  ];
  for (const [what, newkey, more] of accepted) {
    it(`signs ${what}`, async () => {
      const csr = await openssl.request(newkey, more);
      const pem = await signCsr(ca, csr);
      assert.match(await openssl.verify(ca.certPem, pem, 'sslclient'), /OK/);
      const publicOf = async (kind: string, text: string): Promise<string> =>
        openssl.run([kind, '-in', 'in.pem', '-noout', '-pubkey'], { 'in.pem': text });
      assert.equal(await publicOf('x509', pem), await publicOf('req', csr));
    });
  }

  it('signs what Terraform sends: RSA 4096, SHA-512, OU', async () => {
    const csr = await openssl.request(['rsa:4096'], ['-sha512'], '/CN=admin/O=system:masters/OU=terraform');
    const text = await openssl.text(await signCsr(ca, csr));
    assert.match(text, /Subject: CN\s?=\s?admin, O\s?=\s?system:masters, OU\s?=\s?terraform\n/);
    assert.match(text, /Public-Key: \(4096 bit\)/);
  });

  it('signs as Magnum: issuer, days, hash, subject key identifier, no newline at the end', async () => {
    const pem = await signCsr(ca, await openssl.request(EC));
    assert.match(pem, /^-----BEGIN CERTIFICATE-----\n[^]+\n-----END CERTIFICATE-----$/);
    const text = await openssl.text(pem);
    assert.match(text, /Issuer: CN\s?=\s?k1\n/);
    assert.match(text, /Signature Algorithm: ecdsa-with-SHA256/);
    assert.match(text, /Subject Key Identifier/);
    assert.doesNotMatch(text, /Basic Constraints/);
    const certificate = new X509Certificate(pem);
    const days = (Date.parse(certificate.validTo) - Date.parse(certificate.validFrom)) / 86_400_000;
    assert.ok(Math.abs(days - 1826) < 0.01, `${days}`);
    const short = new X509Certificate(await signCsr(ca, await openssl.request(EC), { days: 7 }));
    assert.ok(Date.parse(short.validTo) < Date.now() + 7.01 * 86_400_000);
    const beyond = new X509Certificate(await signCsr(ca, await openssl.request(EC), { days: 36_500 }));
    assert.equal(beyond.validTo, new X509Certificate(ca.certPem).validTo);
  });

  it('signs with an RSA authority too', async () => {
    const rsa = await createAuthority('k1', 'rsa-2048');
    const pem = await signCsr(rsa, await openssl.request(EC));
    assert.match(await openssl.verify(rsa.certPem, pem, 'sslclient'), /OK/);
  });

  it('keeps the extensions that Magnum keeps', async () => {
    const more = addext(
      'subjectAltName=DNS:api.example.org,IP:10.0.0.5,IP:2001:db8::5',
      'keyUsage=critical,digitalSignature,keyEncipherment,nonRepudiation',
      'extendedKeyUsage=serverAuth,clientAuth',
      'basicConstraints=critical,CA:FALSE',
      'subjectKeyIdentifier=0102030405',
    );
    const pem = await signCsr(ca, await openssl.request(EC, more));
    const text = await openssl.text(pem);
    assert.match(text, /DNS:api.example.org, IP Address:10.0.0.5, IP Address:2001:DB8:0:0:0:0:0:5/);
    assert.match(text, /Key Usage: critical\s+Digital Signature, Non Repudiation, Key Encipherment\n/);
    assert.match(text, /TLS Web Server Authentication, TLS Web Client Authentication/);
    assert.match(text, /Basic Constraints: critical\s+CA:FALSE/);
    assert.match(text, /Subject Key Identifier: \s+01:02:03:04:05\n/);
    assert.match(await openssl.verify(ca.certPem, pem, 'sslserver'), /OK/);
  });

  it('leaves out what is not allowed and not critical', async () => {
    const more = addext('basicConstraints=CA:TRUE', 'keyUsage=digitalSignature,keyCertSign', 'tlsfeature=status_request');
    const text = await openssl.text(await signCsr(ca, await openssl.request(EC, more)));
    assert.match(text, /Basic Constraints: \n\s+CA:FALSE/);
    assert.match(text, /Key Usage: \n\s+Digital Signature\n/);
    assert.doesNotMatch(text, /TLS Feature|CA:TRUE|Certificate Sign/);
    const none = await openssl.text(await signCsr(ca, await openssl.request(EC, addext('keyUsage=keyCertSign,cRLSign'))));
    assert.doesNotMatch(none, /X509v3 Key Usage/);
  });

  for (const [extension, name] of [
    ['basicConstraints=critical,CA:TRUE', 'basicConstraints'],
    ['keyUsage=critical,keyCertSign', 'keyUsage'],
    ['keyUsage=critical,digitalSignature,keyAgreement', 'keyUsage'],
    ['nameConstraints=critical,permitted;DNS:example.org', 'nameConstraints'],
    ['1.2.3.4=critical,ASN1:UTF8String:x', '1.2.3.4'],
  ] as const) {
    it(`refuses ${extension}`, async () => {
      const csr = await openssl.request(EC, addext(extension));
      await assert.rejects(signCsr(ca, csr), refused('extension-not-allowed', new RegExp(`^Extension '${name}' not allowed$`)));
    });
  }

  it('takes text around the block, other line ends and the old label', async () => {
    const csr = await openssl.request(EC);
    await signCsr(ca, `Certificate Request:\n    Data:\n${csr}`);
    await signCsr(ca, csr.replaceAll('\n', '\r\n'));
    await signCsr(ca, csr.replaceAll('CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST'));
  });

  it('refuses weak keys and hashes', async () => {
    await assert.rejects(
      signCsr(ca, await openssl.request(['rsa:1024'])),
      refused('invalid-csr', /1024 bits, 2048 are the least/),
    );
    await assert.rejects(
      signCsr(ca, await openssl.request(EC, ['-sha1'])),
      refused('invalid-csr', /SHA-1, SHA-256 is the least/),
    );
    await assert.rejects(signCsr(ca, await openssl.request(['rsa:2048'], ['-md5'])), refused('invalid-csr', /./));
    const dsa = await openssl.request(['ec', '-pkeyopt', 'ec_paramgen_curve:secp256k1']);
    await assert.rejects(signCsr(ca, dsa), refused('invalid-csr', /./));
  });

  it('refuses a request of which any signed byte was changed', async () => {
    const csr = await openssl.request(EC, addext('subjectAltName=DNS:a.example.org'));
    const der = Buffer.from(csr.replaceAll(/-----[A-Z ]+-----/g, ''), 'base64');
    // SEQUENCE of 0x81 or 0x82 length, then the signed part: SEQUENCE of 0x81 length.
    const start = 2 + (der[1]! & 0x7f);
    assert.deepEqual([der[start], der[start + 1]], [0x30, 0x81]);
    for (let at = start; at < start + 3 + der[start + 2]!; at++) {
      const changed = Buffer.from(der);
      changed[at] = changed[at]! ^ 1;
      await assert.rejects(signCsr(ca, wrap(changed)), InvalidInput, `byte ${at} of ${der.length}`);
    }
  });

  it('refuses what is no request, in Magnum’s words and on one line', async () => {
    const csr = await openssl.request(EC);
    const cases = [
      '',
      'x',
      'not a csr',
      '\u0000\u001b[31m\né',
      ca.certPem,
      csr.slice(0, -80),
      wrap(Buffer.from('3003020100', 'hex')),
    ];
    for (const text of cases) {
      await assert.rejects(signCsr(ca, text), refused('invalid-csr', /^Received invalid csr b'[ -~]*'\. [A-Z][ -~]+\.$/));
    }
    const big = csr.replace('-----END', `${'A'.repeat(17_000)}\n-----END`);
    await assert.rejects(signCsr(ca, big), refused('invalid-csr', /more than 16384 bytes/));
  });

  it('survives nesting', async () => {
    const deep = Buffer.concat([Buffer.alloc(11_000, Buffer.from('3080', 'hex'))]);
    await assert.rejects(signCsr(ca, wrap(deep)), refused('invalid-csr', /./));
  });
});

const wrap = (der: Buffer): string =>
  `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
