import assert from 'node:assert/strict';
import { it } from 'node:test';
import { testAuthority, type TestAuthority } from '../testing/test-authorities.js';
import { KubeletTrust } from './kubelet-trust.js';
import { issueLeaf, readAuthority } from './simulated-pki.js';
import { handshake, type TlsEnd } from './tls-handshake.js';

const end = (by: TestAuthority, usage: 'client' | 'server' | 'peer', ...trusted: TestAuthority[]): TlsEnd => ({
  ...issueLeaf(readAuthority(by.certPem, by.keyPem), { commonName: 'someone', usage, dnsNames: ['localhost'] }),
  trustPem: trusted.map((one) => one.certPem).join('\n'),
});

it('ends well when each end is by an authority that the other one trusts, and else says so', async () => {
  const [old, fresh] = [await testAuthority('old'), await testAuthority('new')];
  assert.equal(await handshake(end(old, 'server', old), end(old, 'client', old)), null);
  assert.equal(await handshake(end(old, 'server', old, fresh), end(fresh, 'client', fresh, old)), null);
  assert.equal(await handshake(end(fresh, 'peer', old, fresh), end(old, 'peer', fresh)), null);
  assert.match((await handshake(end(fresh, 'server', old, fresh), end(old, 'client', old))) ?? '', /failed to verify/);
  assert.match((await handshake(end(old, 'server', old), end(fresh, 'client', old))) ?? '', /failed to verify/);
});

it('tells a worker’s kubelet of every API server that it does not get on with, a master’s only of its own', async () => {
  const [old, fresh] = [await testAuthority('old'), await testAuthority('new')];
  const trust = new KubeletTrust();
  const told: string[] = [];
  const tell = (name: string) => (trouble: string | null) => void told.push(`${name} ${trouble === null ? 'well' : 'silent'}`);
  const until = async (text: string): Promise<void> => {
    for (let turn = 0; told.join() !== text; turn++) {
      assert.ok(turn < 500, `${told.join()}, not ${text}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  trust.serving('m1', end(old, 'server', old));
  trust.running('m1', { ...end(old, 'client', old), tell: tell('m1') });
  trust.running('w1', { ...end(old, 'client', old), tell: tell('w1') });
  trust.serving('m2', end(fresh, 'server', old, fresh));
  await until('w1 silent');
  trust.stopped('m2');
  await until('w1 silent,w1 well');
});
