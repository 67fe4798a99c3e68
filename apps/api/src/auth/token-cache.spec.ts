import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NotFound, ServiceUnavailable } from '#libs/domain';
import type { TokenInfo } from '#libs/openstack';
import { Unauthenticated } from '../http/http-errors.js';
import { TokenCache } from './token-cache.js';

const info = (expiresAt: number): TokenInfo => ({ userId: 'u', expiresAt: new Date(expiresAt) }) as TokenInfo;

function cacheOf(answer: (token: string) => Promise<TokenInfo>) {
  const clock = { now: 0 };
  const asked: string[] = [];
  const cache = new TokenCache(
    (token) => {
      asked.push(token);
      return answer(token);
    },
    () => clock.now,
  );
  return { cache, clock, asked };
}

describe('the token cache', () => {
  it('asks once for requests that come together', async () => {
    const { cache, asked } = cacheOf(() => Promise.resolve(info(1e9)));
    await Promise.all([cache.find('t'), cache.find('t'), cache.find('t')]);
    assert.deepEqual(asked, ['t']);
  });

  it('believes an answer for a minute', async () => {
    const { cache, clock, asked } = cacheOf(() => Promise.resolve(info(1e9)));
    await cache.find('t');
    clock.now = 59_999;
    await cache.find('t');
    assert.equal(asked.length, 1);
    clock.now = 60_001;
    await cache.find('t');
    assert.equal(asked.length, 2);
  });

  it('believes nothing past the token’s own expiry', async () => {
    const { cache, clock, asked } = cacheOf(() => Promise.resolve(info(1_000)));
    await cache.find('t');
    clock.now = 1_001;
    await assert.rejects(cache.find('t'), Unauthenticated);
    assert.equal(asked.length, 2);
  });

  it('does not remember refusals and failures', async () => {
    let failure: Error = new NotFound('project-not-found', 'no token');
    const { cache } = cacheOf(() => Promise.reject(failure));
    await assert.rejects(cache.find('t'), Unauthenticated);
    failure = new Error('connection refused');
    await assert.rejects(cache.find('t'), ServiceUnavailable);
    assert.equal(cache.size, 0);
  });

  it('stays within its bound', async () => {
    const { cache } = cacheOf(() => Promise.resolve(info(1e9)));
    for (let i = 0; i < 10_050; i++) await cache.find(`t${i}`);
    assert.equal(cache.size, 10_000);
  });
});
