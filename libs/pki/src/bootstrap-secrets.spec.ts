import assert from 'node:assert/strict';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { it } from 'node:test';
import { bootstrapToken, isNodeNonce, isReportToken, nodeNonce, reportToken } from './bootstrap-secrets.js';
import { KeyRing } from './key-ring.js';

const old = { id: 'old', key: randomBytes(32) };
const ring = new KeyRing([old]);
const rotated = new KeyRing([{ id: 'young', key: randomBytes(32) }, old]);

it('makes bootstrap tokens as kubeadm wants them, one per cluster and generation', () => {
  const clusters = Array.from({ length: 300 }, () => randomUUID());
  const tokens = clusters.map((uuid) => bootstrapToken(ring, uuid));
  for (const token of tokens) assert.match(token, /^[a-z0-9]{6}\.[a-z0-9]{16}$/);
  assert.equal(new Set(tokens).size, 300);
  assert.equal(new Set(tokens.join('').replaceAll('.', '')).size, 36);
  const uuid = randomUUID();
  assert.equal(bootstrapToken(ring, uuid), bootstrapToken(ring, uuid));
  assert.notEqual(bootstrapToken(ring, uuid), bootstrapToken(ring, uuid, 1));
});

it('knows the nonce and the report token of a node, also after the ring was rotated', () => {
  const node = randomUUID();
  const nonce = nodeNonce(ring, node);
  assert.match(nonce, /^[A-Za-z0-9_-]{43}$/);
  assert.equal(reportToken(nonce), createHash('sha256').update(`jeroboam-report:${nonce}`).digest('hex'));
  for (const keys of [ring, rotated]) {
    assert.equal(isNodeNonce(keys, node, nonce), true);
    assert.equal(isReportToken(keys, node, reportToken(nonce)), true);
    assert.equal(isNodeNonce(keys, randomUUID(), nonce), false);
    assert.equal(isNodeNonce(keys, node, reportToken(nonce)), false);
    assert.equal(isReportToken(keys, node, nonce), false);
    assert.equal(isNodeNonce(keys, node, ''), false);
  }
  assert.equal(isNodeNonce(new KeyRing([{ id: 'x', key: randomBytes(32) }]), node, nonce), false);
});
