import assert from 'node:assert/strict';
import { it } from 'node:test';
import { InFlight } from './in-flight.js';

it('so much runs at once, the rest waits in line, failures stop nobody', async () => {
  const running = new InFlight(2);
  const gates: (() => void)[] = [];
  let most = 0;
  let now = 0;
  const done: number[] = [];
  for (let i = 0; i < 5; i++) {
    running.add(async () => {
      most = Math.max(most, ++now);
      await new Promise<void>((resolve) => gates.push(resolve));
      now--;
      done.push(i);
      if (i === 1) throw new Error('no');
    });
  }
  assert.ok(running.full);
  const idle = running.idle();
  while (done.length < 5) {
    gates.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await idle;
  assert.deepEqual([most, running.full, done.length], [2, false, 5]);
  await running.idle();
});
