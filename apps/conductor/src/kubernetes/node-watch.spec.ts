import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { ClusterClient, NodeState } from '#libs/kubernetes';
import { pino } from 'pino';
import { Wake } from '../wake.js';
import { NodeWatch } from './node-watch.js';

it('wakes for what it sees, and ends at once when it is stopped', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const node = { name: 'n' } as NodeState;
  async function* watchNodes(signal: AbortSignal): AsyncGenerator<readonly NodeState[]> {
    yield [node];
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  }
  const wake = new Wake();
  const watch = new NodeWatch({ watchNodes } as unknown as ClusterClient, wake, pino({ level: 'silent' }));
  await wake.wait(60_000, new AbortController().signal);
  assert.deepEqual(watch.nodes, [node]);
  // No timer runs here: a pause on the way would never end.
  await watch.stop();
});
