import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InvalidInput } from '#libs/domain';
import { entityTag, readTags } from './entity-tag.js';
import { readKey, requestHash } from './idempotency-key.js';
import { targetOf } from './targets.js';
import { Microversion } from '#libs/domain';

describe('the header Idempotency-Key', () => {
  for (const [header, key] of [
    ['8e03978e-40d5-43e8-bc93-6894a57f9324', '8e03978e-40d5-43e8-bc93-6894a57f9324'],
    ['"8e03978e"', '8e03978e'],
    [' a ', 'a'],
    ['x'.repeat(255), 'x'.repeat(255)],
  ] as const) {
    it(`takes ${header.slice(0, 40)}`, () => assert.equal(readKey(header), key));
  }
  for (const header of ['', '""', 'a b', 'a,b', 'a"b', 'ü', 'x'.repeat(256), ['a', 'b']]) {
    it(`refuses ${String(header).slice(0, 20)}`, () => assert.throws(() => readKey(header), InvalidInput));
  }
  it('is of one request: its hash is blind for the order of keys, and for nothing else', () => {
    const hash = requestHash('POST', '/v1/x', '1.9', { a: 1, b: { c: [1, 2], d: null } });
    assert.equal(requestHash('POST', '/v1/x', '1.9', { b: { d: null, c: [1, 2] }, a: 1 }), hash);
    for (const other of [
      requestHash('PATCH', '/v1/x', '1.9', { a: 1, b: { c: [1, 2], d: null } }),
      requestHash('POST', '/v1/x?y=1', '1.9', { a: 1, b: { c: [1, 2], d: null } }),
      requestHash('POST', '/v1/x', '1.10', { a: 1, b: { c: [1, 2], d: null } }),
      requestHash('POST', '/v1/x', '1.9', { a: 1, b: { c: [2, 1], d: null } }),
      requestHash('POST', '/v1/x', '1.9', undefined),
    ]) {
      assert.notEqual(other, hash);
    }
  });
});

describe('entity tags', () => {
  it('are those of what is shown, whatever the host name', () => {
    const at = (base: string, version = '1.9'): string =>
      entityTag(JSON.stringify({ href: `${base}/v1/x`, name: 'x' }), base, Microversion.of(version));
    assert.match(at('http://a'), /^"[\w-]{32}"$/);
    assert.equal(at('http://a'), at('https://b/container-infra'));
    assert.notEqual(at('http://a'), at('http://a', '1.10'));
  });
  it('are read from a list', () => {
    assert.equal(readTags(' * ', 'If-Match'), '*');
    assert.deepEqual(readTags('"a", W/"b" ,"c,d"', 'If-Match'), ['"a"', 'W/"b"', '"c,d"']);
    for (const header of ['', 'a', '"a" "b"', '"a",', '*, "a"']) assert.throws(() => readTags(header, 'If-Match'), InvalidInput);
  });
});

it('knows what every change is about, and stops the process where nobody has said it', () => {
  assert.equal(targetOf('POST', '/v1/clusters/:cluster/actions/resize').subject, 'cluster');
  assert.equal(targetOf('PATCH', '/v1/clusters/:cluster/nodegroups/:group').subject, 'node-group');
  assert.equal(targetOf('POST', '/v1/clusters').subject, null);
  assert.throws(() => targetOf('POST', '/v1/unheard-of'));
});
