import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createLogger } from './logger.js';

it('hides what could carry a secret, at the top and one below', () => {
  const lines: string[] = [];
  const log = createLogger('info', { service: 'test' }, { write: (line) => void lines.push(line) });
  log.info(
    { token: 'hunter2', call: { password: 'hunter2', headers: 1 }, headers: { 'x-auth-token': 'hunter2' }, name: 'k1' },
    'said',
  );
  assert.equal(lines.length, 1);
  assert.ok(!lines[0]?.includes('hunter2'), lines[0]);
  const { service, name, msg } = JSON.parse(lines[0] ?? '') as Record<string, string>;
  assert.deepEqual([service, name, msg], ['test', 'k1', 'said']);
});
