import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Gate } from './gate.js';

function gateOf() {
  let listener: (uuid: string | null) => void = () => undefined;
  const state = { joined: [false, false], queries: 0 };
  const gate = new Gate(
    {
      masters: () => {
        state.queries++;
        return Promise.resolve(
          state.joined.map((joined, place) => ({ uuid: `m${place}`, joined, leaving: false, failed: false })),
        );
      },
    },
    { on: (_channel, heard) => ((listener = heard), () => undefined) },
    1e9,
  );
  return { gate, state, nudge: () => listener('c') };
}
const worker = (uuid: string): { uuid: string; role: string } => ({ uuid, role: 'worker' });

it('lets nobody wait whose turn it is', async () => {
  const { gate } = gateOf();
  assert.equal(await gate.wait('c', { uuid: 'm0', role: 'master' }, 1e6), true);
  gate.close();
});

it('asks once for all who wait, when something happened', async () => {
  const { gate, state, nudge } = gateOf();
  const waiting = Promise.all(Array.from({ length: 500 }, (_, i) => gate.wait('c', worker(`w${i}`), 1e6)));
  await new Promise((resolve) => setImmediate(resolve));
  state.joined[0] = true;
  nudge();
  assert.ok((await waiting).every((turn) => turn));
  assert.ok(state.queries <= 4, String(state.queries));
  gate.close();
});

it('sends away who has waited long enough, and everybody when it closes', async () => {
  const { gate } = gateOf();
  assert.equal(await gate.wait('c', worker('w'), 0), false);
  const waiting = gate.wait('c', worker('w'), 1e6);
  gate.close();
  assert.equal(await waiting, false);
});
