import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Lease } from '#libs/db';
import { pino } from 'pino';
import { LeaseKeeper } from './lease-keeper.js';

/** Leases of one database: whoever acquired last has it. */
function keeperOf() {
  const state = { now: 0, held: new Map<string, string>(), away: false };
  const leases = {
    acquire: async (name: string, owner: string): Promise<Lease> => (state.held.set(name, owner), { name, owner, epoch: '1' }),
    renew: async (mine: readonly Lease[]): Promise<Set<string>> => {
      if (state.away) throw new Error('away');
      return new Set(mine.filter(({ name, owner }) => state.held.get(name) === owner).map(({ owner }) => owner));
    },
    release: async (): Promise<void> => undefined,
  };
  return { state, keeper: new LeaseKeeper(leases, 'c', 9_000, pino({ level: 'silent' }), () => state.now) };
}

it('tells a holder that its lease has passed on, also to another holder in the same process', async () => {
  const { keeper } = keeperOf();
  const first = await keeper.acquire('cluster:x');
  const second = await keeper.acquire('cluster:x');
  await keeper.renew();
  assert.deepEqual([first?.signal.aborted, second?.signal.aborted], [true, false]);
});

it('keeps a lease through a short absence of the database, and gives it up after its whole life', async () => {
  const { keeper, state } = keeperOf();
  const held = await keeper.acquire('cluster:x');
  state.away = true;
  state.now = 8_999;
  await keeper.renew();
  assert.equal(held?.signal.aborted, false);
  state.now = 9_000;
  await keeper.renew();
  assert.equal(held?.signal.aborted, true);
});
