import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inTurn, Samples } from './statistics.js';

describe('samples', () => {
  it('give quantiles by nearest rank, in any order of arrival', () => {
    const samples = new Samples();
    for (let n = 100; n >= 1; n--) samples.add(n);
    assert.deepEqual([samples.quantile(0.5), samples.quantile(0.99), samples.quantile(1)], [50, 99, 100]);
  });

  it('count what was refused', async () => {
    const samples = await inTurn(4, async (n) => n % 2 === 0);
    assert.deepEqual([samples.count, samples.failures], [4, 2]);
  });
});
