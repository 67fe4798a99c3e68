import assert from 'node:assert/strict';
import { it } from 'node:test';
import { maskLog } from './mask-log.js';

it('takes secrets out of logs', () => {
  const log = [
    'kubeadm join 10.0.0.5:6443 --token abcdef.0123456789abcdef --discovery-token-ca-cert-hash sha256:00ff',
    'Authorization: Bearer eyJhbGciOiJSUzI1NiJ9.x.y',
    '-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----',
    'password: hunter2hunter2',
    'plain words stay',
  ].join('\n');
  const masked = maskLog(log);
  for (const secret of ['0123456789abcdef', 'eyJ', 'MIIE', 'hunter2']) assert.ok(!masked.includes(secret), masked);
  assert.match(masked, /plain words stay/);
  assert.match(masked, /sha256:00ff/);
});

it('bounds them and drops control characters', () => {
  assert.equal(maskLog('x'.repeat(5000)).length, 4096);
  assert.equal(maskLog('\u001b[31mred\u0000\n'), '[31mred\n');
});
