import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parsePythonLiteral } from './python-literal.js';

describe('Python literals', () => {
  const read: [string, unknown][] = [
    ["{'a': '1'}", { a: '1' }],
    ['{"a":"1","b":"x y"}', { a: '1', b: 'x y' }],
    ["{'a': 1, 'b': True, 'c': None, 'd': -1.5,}", { a: 1, b: true, c: null, d: -1.5 }],
    ["[{'key': 'k', 'effect': 'NoSchedule'}]", [{ key: 'k', effect: 'NoSchedule' }]],
    ["{'it\\'s': 'a\\n\\u00e9'}", { "it's": 'a\né' }],
    ['{}', {}],
    [' ( 1, 2 ) ', [1, 2]],
  ];
  for (const [text, value] of read) it(`reads ${text}`, () => assert.deepEqual(parsePythonLiteral(text), value));

  it('keeps __proto__ an ordinary key', () => {
    const value = parsePythonLiteral("{'__proto__': 'x'}") as object;
    assert.equal(Object.getPrototypeOf(value), Object.prototype);
    assert.deepEqual(Object.keys(value), ['__proto__']);
  });

  for (const text of [
    '{"a":true}',
    '{"a":null}',
    "{'a'",
    "{'a':}",
    'os.system()',
    "{1:'a'}",
    '',
    "{'a':'1'} x",
    '['.repeat(50),
  ]) {
    it(`refuses ${text.slice(0, 20)}`, () => assert.throws(() => parsePythonLiteral(text), SyntaxError));
  }
});
