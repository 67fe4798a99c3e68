import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StackBackendName } from '#libs/domain';
import type { StackRef, StackRun } from '../engine/run.js';
import type { StackBackend } from './backend.js';
import { Stacks } from './stacks.js';

class Recorder implements StackBackend {
  readonly done: string[] = [];
  async apply({ name }: StackRef): Promise<Record<string, unknown>> {
    this.done.push(`apply ${name}`);
    return {};
  }
  async delete({ uuid }: Pick<StackRef, 'uuid'>): Promise<void> {
    this.done.push(`delete ${uuid}`);
  }
  state = (): undefined => undefined;
}

const ref = (name: string, backend?: StackBackendName): StackRef => ({ name, clusterUuid: 'c', backend }) as StackRef;
const run = {} as StackRun;

function stacks(rows: Record<string, StackBackendName>, first: StackBackendName | null = null) {
  const [native, heat] = [new Recorder(), new Recorder()];
  const found = {
    backendFor: (_cluster: string, name: string) => Promise.resolve(rows[name] ?? first),
    backendOf: (uuid: string) => Promise.resolve(rows[uuid] ?? null),
  };
  return { native, heat, stacks: new Stacks({ rows: found, backends: { native, heat }, standard: 'native' }) };
}

test('a new stack goes where its cluster asks, else where the setting says', async () => {
  const it = stacks({});
  await it.stacks.apply(ref('one', 'heat'), run);
  await it.stacks.apply(ref('two'), run);
  assert.deepEqual([it.heat.done, it.native.done], [['apply one'], ['apply two']]);
});

test('a stack keeps its backend, whatever is asked for later', async () => {
  const it = stacks({ one: 'heat' });
  await it.stacks.apply(ref('one', 'native'), run);
  await it.stacks.delete({ uuid: 'one' }, run);
  assert.deepEqual([it.heat.done, it.native.done], [['apply one', 'delete one'], []]);
});

test('a later stack of a cluster goes where the first one went', async () => {
  const it = stacks({}, 'heat');
  await it.stacks.apply(ref('later', 'native'), run);
  assert.deepEqual(it.heat.done, ['apply later']);
});

test('a stack without a row is removed already', async () => {
  const it = stacks({});
  await it.stacks.delete({ uuid: 'nothing' }, run);
  assert.deepEqual([it.heat.done, it.native.done], [[], []]);
});

test('a backend that this process has not is told', async () => {
  const rows = { backendFor: () => Promise.resolve('heat' as const), backendOf: () => Promise.resolve(null) };
  const it = new Stacks({ rows, backends: {}, standard: 'native' });
  await assert.rejects(it.apply(ref('one'), run), { code: 'stack-backend-missing' });
});
