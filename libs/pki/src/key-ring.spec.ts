import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { KeyRing, SecretUnreadable } from './key-ring.js';

const key = (id: string): { id: string; key: Buffer } => ({ id, key: randomBytes(32) });
const AAD = 'cluster/0f8b3c52-7d0e-4c43-9d5c-3a1a5c1c0d11/ca';
const plain = Buffer.from('-----BEGIN something-----');

describe('KeyRing', () => {
  it('opens what it sealed, and never seals twice alike', () => {
    const ring = new KeyRing([key('a')]);
    const one = ring.seal(plain, AAD);
    const two = ring.seal(plain, AAD);
    assert.deepEqual(ring.open(one, AAD), plain);
    assert.deepEqual(ring.open(two, AAD), plain);
    assert.notDeepEqual(one.sealed, two.sealed);
    assert.equal(one.sealed.includes(plain), false);
    assert.deepEqual(ring.open(ring.seal(Buffer.alloc(0), AAD), AAD), Buffer.alloc(0));
  });

  it('refuses another owner or purpose', () => {
    const ring = new KeyRing([key('a')]);
    const value = ring.seal(plain, AAD);
    for (const aad of [AAD.replace('/ca', '/etcd-ca'), AAD.replace('cluster', 'operation'), '']) {
      assert.throws(() => ring.open(value, aad), SecretUnreadable);
    }
  });

  it('refuses a value of which any byte was changed, or that was cut', () => {
    const ring = new KeyRing([key('a')]);
    const value = ring.seal(plain, AAD);
    for (let at = 0; at < value.sealed.length; at++) {
      const sealed = Buffer.from(value.sealed);
      sealed[at] = (sealed[at] ?? 0) ^ 1;
      assert.throws(() => ring.open({ ...value, sealed }, AAD), SecretUnreadable, `byte ${at}`);
      assert.throws(() => ring.open({ ...value, sealed: value.sealed.subarray(0, at) }, AAD), SecretUnreadable);
    }
  });

  it('refuses a key that it does not hold, and the wrong one of those it holds', () => {
    const a = key('a');
    const b = key('b');
    const value = new KeyRing([a]).seal(plain, AAD);
    assert.throws(
      () => new KeyRing([b]).open(value, AAD),
      (error) => error instanceof SecretUnreadable && error.fields['keyId'] === 'a' && error.message.includes('key a'),
    );
    assert.throws(() => new KeyRing([a, b]).open({ ...value, keyId: 'b' }, AAD), SecretUnreadable);
    const renamed = new KeyRing([{ id: 'c', key: a.key }]);
    assert.throws(() => renamed.open({ ...value, keyId: 'c' }, AAD), SecretUnreadable);
  });

  it('rotates: the new key seals, the old one opens until nothing needs it', () => {
    const old = key('old');
    const young = key('young');
    const before = new KeyRing([old]);
    const during = new KeyRing([young, old]);
    const value = before.seal(plain, AAD);
    assert.equal(value.keyId, before.currentKeyId);
    assert.notEqual(value.keyId, during.currentKeyId);
    const again = during.seal(during.open(value, AAD), AAD);
    assert.equal(again.keyId, 'young');
    assert.deepEqual(new KeyRing([young]).open(again, AAD), plain);
  });

  it('derives the same bytes for the same purpose and id alone', () => {
    const old = key('old');
    const ring = new KeyRing([old]);
    const nonce = ring.derive('node-nonce', 'n1');
    assert.equal(nonce.length, 32);
    assert.deepEqual(ring.derive('node-nonce', 'n1'), nonce);
    assert.notDeepEqual(ring.derive('node-nonce', 'n2'), nonce);
    assert.notDeepEqual(ring.derive('node-nonc', 'en1'), nonce);
    assert.equal(ring.derive('x', 'y', 100).length, 100);
    const rotated = new KeyRing([key('young'), old]);
    assert.notDeepEqual(rotated.derive('node-nonce', 'n1'), nonce);
    assert.deepEqual(rotated.derivations('node-nonce', 'n1'), [rotated.derive('node-nonce', 'n1'), nonce]);
  });

  it('takes only usable keys and shows none', () => {
    assert.throws(() => new KeyRing([]), RangeError);
    assert.throws(() => new KeyRing([{ id: 'a', key: randomBytes(16) }]), RangeError);
    assert.throws(() => new KeyRing([key('a'), key('a')]), RangeError);
    assert.throws(() => new KeyRing([{ id: 'a b', key: randomBytes(32) }]), RangeError);
    const a = key('a');
    const shown = inspect(new KeyRing([a]), { showHidden: true, depth: 9 }) + JSON.stringify(new KeyRing([a]));
    assert.equal(shown.includes(a.key.toString('hex').slice(0, 8)), false);
    assert.equal(new KeyRing([a]).currentKeyId, 'a');
  });
});
