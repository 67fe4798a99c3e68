import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { applyPatch, patchBody, type PatchOperation } from './json-patch.js';

const refusal = (value: unknown): string | undefined => patchBody.safeParse(value).error?.issues[0]?.message;
const parse = (...patch: unknown[]): PatchOperation[] => patchBody.parse(patch);

describe('the body of a PATCH', () => {
  it('may be empty', () => assert.deepEqual(parse(), []));

  const refused: [unknown, RegExp][] = [
    [{ name: 'x' }, /Value not a valid list: \{'name': 'x'\}$/],
    [undefined, /^Missing argument: "patch"$/],
    [[1], /Value not a valid dict: 1$/],
    [[{ op: 'move', path: '/a', from: '/b' }], /^Unknown attribute for argument patch: from$/],
    [
      [{ op: 'test', path: '/a', value: '1' }],
      /^Invalid input for field\/attribute op\. Value: 'test'\. Value should be one of: add, replace, remove$/,
    ],
    [[{ op: 'add', value: '1' }], /attribute path\. Value: 'None'\. Mandatory field missing\.$/],
    [[{ op: 'add', path: '/labels/a.b', value: '1' }], /Value should match the pattern/],
    [[{ op: 'add', path: '/a' }], /^'add' and 'replace' operations needs value$/],
    [
      [{ op: 'replace', path: '/a', value: { a: 1 } }],
      /Wrong type\. Expected '\(<class 'str'>, <class 'int'>\)', got '<class 'dict'>'$/,
    ],
    [[{ op: 'replace', path: '/a', value: 1.5 }], /got '<class 'float'>'$/],
  ];
  for (const [body, message] of refused) {
    it(`refuses ${JSON.stringify(body)}`, () => assert.match(refusal(body) ?? '', message));
  }
});

describe('applying a PATCH', () => {
  const attributes = { name: 'k', tags: null, labels: { a: '1' }, coe: 'kubernetes', uuid: 'u' };
  const rules = { internal: ['uuid'], mandatory: ['coe'], literals: ['labels'] };
  const apply = (...patch: unknown[]): Record<string, unknown> =>
    Object.fromEntries(applyPatch(attributes, parse(...patch), rules));

  it('changes in order and tells what was touched', () => {
    assert.deepEqual(apply({ op: 'replace', path: '/name', value: 'n' }, { op: 'add', path: '/tags', value: 't' }), {
      name: 'n',
      tags: 't',
    });
    assert.deepEqual(apply({ op: 'remove', path: '/name' }, { op: 'add', path: '/name', value: 'n' }), { name: 'n' });
    assert.deepEqual(apply({ op: 'remove', path: '/name' }), { name: undefined });
  });

  it('reads maps from text and changes single members', () => {
    assert.deepEqual(apply({ op: 'replace', path: '/labels', value: "{'b': '2'}" }), { labels: { b: '2' } });
    assert.deepEqual(apply({ op: 'replace', path: '/labels', value: '{"b":"2"}' }), { labels: { b: '2' } });
    assert.deepEqual(apply({ op: 'add', path: '/labels/b', value: '2' }, { op: 'remove', path: '/labels/a' }), {
      labels: { b: '2' },
    });
  });

  it('does not walk into prototypes', () => {
    const changed = apply({ op: 'add', path: '/labels/__proto__', value: 'x' });
    assert.deepEqual(Object.keys(changed['labels'] as object), ['a', '__proto__']);
    assert.throws(() => apply({ op: 'add', path: '/constructor', value: 'x' }), { code: 'unknown-attribute' });
  });

  const refused: [object, string, string][] = [
    [
      { op: 'replace', path: '/uuid', value: 'x' },
      'internal-attribute',
      "'/uuid' is an internal attribute and can not be updated",
    ],
    [{ op: 'remove', path: '/coe' }, 'mandatory-attribute', "'/coe' is a mandatory attribute and can not be removed"],
    [
      { op: 'add', path: '/name', value: 'x' },
      'attribute-exists',
      "The attribute /name has existed, please use 'replace' operation instead.",
    ],
    [
      { op: 'add', path: '/x', value: 'x' },
      'unknown-attribute',
      'Adding a new attribute /x to the root of the resource is not allowed.',
    ],
    [
      { op: 'replace', path: '/x', value: 'y' },
      'patch',
      "Couldn't apply patch '[{'path': '/x', 'op': 'replace', 'value': 'y'}]'. Reason: can't replace a non-existent object 'x'",
    ],
    [
      { op: 'remove', path: '/labels/z' },
      'patch',
      "Couldn't apply patch '[{'path': '/labels/z', 'op': 'remove'}]'. Reason: can't remove a non-existent object 'z'",
    ],
  ];
  for (const [one, code, message] of refused) {
    it(`says ${message}`, () => assert.throws(() => apply(one), { code, message }));
  }

  it('refuses JSON words inside a literal', () => {
    assert.throws(() => apply({ op: 'replace', path: '/labels', value: '{"a":true}' }), { code: 'patch' });
  });
});
