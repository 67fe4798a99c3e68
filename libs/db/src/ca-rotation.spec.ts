import assert from 'node:assert/strict';
import { it } from 'node:test';
import { inRotation, ROTATION_PHASES } from './ca-rotation.js';
import type { StoredAuthorities } from './authorities.js';

const made = (name: string): StoredAuthorities => {
  const authority = (what: string): StoredAuthorities['ca'] => ({
    certPem: `${name} ${what}\n`,
    keyPem: `${name} key of ${what}`,
  });
  return {
    ca: authority('ca'),
    etcdCa: authority('etcd'),
    frontProxyCa: authority('front'),
    serviceAccount: { publicPem: `${name} public\n`, privatePem: `${name} private` },
  };
};

it('each phase signs by one and trusts whoever signed in the phase before and after it', () => {
  const [old, next] = [made('old'), made('new')];
  const stored = (phase: string): Map<string, Buffer> =>
    new Map(
      Object.entries({
        'next-ca': next.ca,
        'next-etcd-ca': next.etcdCa,
        'next-front-proxy-ca': next.frontProxyCa,
        'next-service-account': next.serviceAccount,
        'ca-rotation': { phase, since: '2026-01-01T00:00:00.000Z' },
      }).map(([key, value]) => [key, Buffer.from(JSON.stringify(value))]),
    );
  const told = ROTATION_PHASES.map((phase) => {
    const { authorities, rotation } = inRotation(stored(phase), old);
    assert.equal(rotation?.phase, phase);
    const { ca, etcdCa, frontProxyCa, serviceAccount } = authorities;
    return [
      ca.keyPem,
      ...[ca.trustPem, etcdCa.trustPem, frontProxyCa.trustPem, serviceAccount.publicPem].map((pem) => pem?.replaceAll('\n', ',')),
      serviceAccount.privatePem,
    ];
  });
  assert.deepEqual(told, [
    ['old key of ca', 'old ca,new ca,', 'old etcd,new etcd,', 'old front,new front,', 'old public,new public,', 'old private'],
    ['new key of ca', 'new ca,old ca,', 'new etcd,old etcd,', 'new front,old front,', 'new public,old public,', 'new private'],
    ['new key of ca', 'new ca,old ca,', 'new etcd,old etcd,', 'new front,old front,', 'new public,old public,', 'new private'],
    ['new key of ca', 'new ca,', 'new etcd,', 'new front,', 'new public,', 'new private'],
  ]);
  const none = inRotation(new Map(), old);
  assert.equal(none.rotation, null);
  assert.equal(none.authorities, old);
});
