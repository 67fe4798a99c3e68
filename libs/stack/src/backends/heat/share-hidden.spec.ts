import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shareHidden } from './share-hidden.js';

const long = 'x'.repeat(40_000);
const template = {
  parameters: { a: { type: 'string', hidden: true }, b: { type: 'string', hidden: true }, size: { type: 'number' } },
  resources: {
    one: { type: 'T', properties: { data: { get_param: 'a' }, size: { get_param: 'size' }, list: [{ get_param: 'b' }] } },
  },
};

test('what is small, or alone, stays as it is', () => {
  const cases: Record<string, string>[] = [{ a: 'small', b: 'too' }, { a: long + long }, {}];
  for (const hidden of cases) {
    assert.deepEqual(shareHidden(template, hidden), { template, hidden });
  }
});

test('what all begin and end with is sent once, and the values are what they were', () => {
  const given = { a: `${long}node-1\u{1F600}${long}`, b: `${long}node-22\u{1F600}${long}` };
  const shared = shareHidden(template, given);
  assert.deepEqual([shared.hidden['a'], shared.hidden['b']], ['1', '22']);
  const { properties } = (shared.template['resources'] as typeof template.resources).one;
  assert.deepEqual(properties.size, { get_param: 'size' });
  for (const [value, name] of [
    [properties.data, 'a'],
    [properties.list[0], 'b'],
  ] as const) {
    const { list_join } = value as unknown as { list_join: [string, { get_param: string }[]] };
    const joined = list_join[1].map(({ get_param }) => shared.hidden[get_param]).join(list_join[0]);
    assert.equal(joined, given[name]);
  }
  const parameters = shared.template['parameters'] as Record<string, { hidden?: boolean }>;
  assert.ok(parameters['hidden_head']?.hidden && parameters['hidden_tail']?.hidden);
});
