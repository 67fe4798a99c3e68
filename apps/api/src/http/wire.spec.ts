import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { body, boolean, choice, integer, labelMap, query, readOnly, requiredText, text } from './wire.js';

const schema = body('cluster', 'Test', 'A test.', {
  name: text({ description: 'name', min: 1, max: 5, pattern: /^[^A-Z]*$/ }),
  count: integer({ description: 'count', min: 1, max: 9, fallback: 1 }),
  flag: boolean({ description: 'flag', fallback: null }),
  kind: choice({ description: 'kind', values: ['vm', 'bm'], fallback: 'vm' }),
  labels: labelMap({ description: 'labels' }),
  uuid: readOnly('uuid'),
  template: requiredText({ description: 'template' }),
});
const good = { template: 't' };
const messageOf = (value: unknown, of: typeof schema = schema): string | undefined =>
  of.safeParse(value).error?.issues[0]?.message;

describe('bodies', () => {
  it('fills in what is absent', () => {
    assert.deepEqual(schema.parse(good), {
      name: null,
      count: 1,
      flag: null,
      kind: 'vm',
      labels: null,
      uuid: undefined,
      template: 't',
    });
  });

  const coerced: [Record<string, unknown>, string, unknown][] = [
    [{ count: '3' }, 'count', 3],
    [{ count: 3.9 }, 'count', 3],
    [{ count: true }, 'count', 1],
    [{ flag: 'oN' }, 'flag', true],
    [{ flag: 0 }, 'flag', false],
    [{ flag: 'No' }, 'flag', false],
    [{ labels: { a: 1, b: true, c: 'x' } }, 'labels', { a: 1, b: true, c: 'x' }],
  ];
  for (const [given, name, expected] of coerced) {
    it(`takes ${JSON.stringify(given)}`, () => {
      const output = schema.parse({ ...good, ...given }) as Record<string, unknown>;
      assert.deepEqual(output[name], expected);
    });
  }

  const prefix = 'Invalid input for field/attribute';
  const refused: [unknown, string][] = [
    [undefined, 'Missing argument: "cluster"'],
    [null, `${prefix} cluster. Value: 'None'. Value not a valid dict: None`],
    [[1], `${prefix} cluster. Value: '[1]'. Value not a valid dict: [1]`],
    [{ ...good, x: 1 }, 'Unknown attribute for argument cluster: x'],
    [{ ...good, x: 1, y: 2 }, 'Unknown attributes for argument cluster: x, y'],
    [{}, `${prefix} template. Value: 'None'. Mandatory field missing.`],
    [{ ...good, uuid: null }, `${prefix} uuid. Value: 'None'. Cannot set read only field.`],
    [{ ...good, name: '' }, `${prefix} name. Value: ''. Value should have a minimum character requirement of 1`],
    [{ ...good, name: 'abcdef' }, `${prefix} name. Value: 'abcdef'. Value should have a maximum character requirement of 5`],
    [{ ...good, name: 'A' }, `${prefix} name. Value: 'A'. Value should match the pattern ^[^A-Z]*$`],
    [{ ...good, name: 7 }, `${prefix} name. Value: '7'. Value should be string`],
    [{ ...good, name: 'a\0' }, `${prefix} name. Value: 'a?'. Value should be text without null characters`],
    [{ ...good, name: '\ud800' }, `${prefix} name. Value: '?'. Value should be text without null characters`],
    [{ ...good, labels: { '\udc00': 1 } }, `${prefix} labels. Value: '?'. Value should be text without null characters`],
    [{ ...good, count: 0 }, `${prefix} count. Value: '0'. Value should be greater or equal to 1`],
    [{ ...good, count: 10 }, `${prefix} count. Value: '10'. Value should be lower or equal to 9`],
    [{ ...good, count: 'x' }, `${prefix} count. Value: 'x'. invalid literal for int() with base 10: 'x'`],
    [{ ...good, kind: 'x' }, `${prefix} kind. Value: 'x'. Value should be one of: vm, bm`],
    [{ ...good, labels: 'x' }, `${prefix} labels. Value: 'x'. Value not a valid dict: x`],
    [
      { ...good, labels: { a: null } },
      `${prefix} labels. Value: '{'a': None}'. Label a should be a string, an integer, a boolean or a float`,
    ],
  ];
  for (const [value, message] of refused) {
    it(`says: ${message}`, () => assert.equal(messageOf(value), message));
  }

  it('tells what is wrong with a value of any depth', () => {
    const deep: unknown = JSON.parse(`${'['.repeat(200_000)}${']'.repeat(200_000)}`);
    const result = body('cluster', 'Deep', 'x', { name: text({ description: 'x' }) }).safeParse({ name: deep });
    assert.match(result.error?.issues[0]?.message ?? '', /^Invalid input for field\/attribute name\. Value: '\[\[/);
  });

  it('does not find __proto__ an ordinary name', () => {
    assert.equal(messageOf(JSON.parse('{"template":"t","__proto__":1}')), 'Unknown attribute for argument cluster: __proto__');
  });
});

describe('queries', () => {
  const page = query({ limit: integer({ description: 'limit', fallback: null }) });
  it('refuses unknown and repeated parameters', () => {
    assert.equal(page.safeParse({ a: '1', b: '2' }).error?.issues[0]?.message, 'Unknown argument: "a, b"');
    assert.match(
      page.safeParse({ limit: ['1', '2'] }).error?.issues[0]?.message ?? '',
      /^Invalid input for field\/attribute limit/,
    );
    assert.deepEqual(page.parse({ limit: '5' }), { limit: 5 });
    assert.deepEqual(page.parse({}), { limit: null });
  });
});
