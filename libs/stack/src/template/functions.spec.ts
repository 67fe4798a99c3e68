import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { resolveExpression, type Scope } from './expression.js';
import { parseTemplate } from './template.js';

const scope: Scope = {
  parameter: (name) => ({ names: ['x', 'y'], empty: '', tree: { a: 1, b: 2 } })[name],
  resourceId: (name) => `id-of-${name}`,
  attribute: () => undefined,
};

function resolved(p: unknown): unknown {
  const template = parseTemplate({
    heat_template_version: '2021-04-16',
    parameters: {
      names: { type: 'comma_delimited_list', default: 'x,y' },
      empty: { type: 'string', default: '' },
      tree: { type: 'json', default: {} },
    },
    resources: { a: { type: 'T', properties: { p } } },
  });
  const property = template.resources.get('a')?.properties.get('p');
  assert.ok(property);
  return resolveExpression(property.value, scope);
}

const names = { get_param: 'names' };
const gives: [says: string, value: unknown, gives: unknown][] = [
  ['str_split gives the pieces', { str_split: ['.', '10.0.5'] }, ['10', '0', '5']],
  ['str_split gives one piece', { str_split: ['.', '10.0.5', '2'] }, '5'],
  ['str_replace_strict', { str_replace_strict: { template: 'a b', params: { a: 1, b: names } } }, '1 ["x","y"]'],
  ['str_replace_vstrict', { str_replace_vstrict: { template: 'a', params: { a: 0 } } }, '0'],
  ['digest', { digest: ['SHA256', 'abc'] }, 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  ['list_concat', { list_concat: [names, ['x', 1], null] }, ['x', 'y', 'x', 1]],
  ['list_concat_unique', { list_concat_unique: [names, ['x', { k: 1 }, { k: 1 }]] }, ['x', 'y', { k: 1 }]],
  ['list_join of lists made by functions', { list_join: ['-', { list_concat: [names, ['z']] }] }, 'x-y-z'],
  ['filter', { filter: [['y'], names] }, ['x']],
  ['contains', { contains: ['y', names] }, true],
  ['map_merge', { map_merge: [{ get_param: 'tree' }, { b: 3, c: null }, null] }, { a: 1, b: 3, c: null }],
  [
    'map_replace',
    {
      map_replace: [
        { k: 'v', l: 1 },
        { keys: { k: 'K' }, values: { v: 'V' } },
      ],
    },
    { K: 'V', l: 1 },
  ],
  ['repeat', { repeat: { template: { 'n-%x%': '%x%!' }, for_each: { '%x%': names } } }, [{ 'n-x': 'x!' }, { 'n-y': 'y!' }]],
  ['repeat gives items as they are', { repeat: { template: '%x%', for_each: { '%x%': [{ k: 1 }, 2] } } }, [{ k: 1 }, 2]],
  [
    'repeat over combinations, and over the keys of a map',
    { repeat: { template: '%x%%k%', for_each: { '%x%': names, '%k%': { get_param: 'tree' } } } },
    ['xa', 'xb', 'ya', 'yb'],
  ],
  [
    'repeat in step',
    { repeat: { template: '%x%%k%', for_each: { '%x%': names, '%k%': [1, 2] }, permutations: false } },
    ['x1', 'y2'],
  ],
  ['the yaql of Magnum’s templates', { yaql: { expression: '$.data.tag.startsWith("v3.26.")', data: { tag: 'v3.26.4' } } }, true],
];

const refused: [value: unknown, words: RegExp][] = [
  [{ str_split: ['.'] }, /^resource a: property p: str_split needs a list: delimiter, string/],
  [{ str_split: ['.', 'a.b', 5] }, /str_split: the index must be between 0 and 1$/],
  [{ str_replace_strict: { template: 'a', params: { a: 1, b: 2 } } }, /str_replace_strict: b is not in the template$/],
  [{ str_replace_vstrict: { template: 'a', params: { a: { get_param: 'empty' } } } }, /str_replace_vstrict: a has no value$/],
  [{ digest: ['sha0', 'x'] }, /digest: there is no algorithm sha0$/],
  [{ list_concat: [names, 'x'] }, /list_concat takes lists only$/],
  [{ map_merge: [names] }, /map_merge takes maps only$/],
  [{ map_replace: [{ k: 1, l: 2 }, { keys: { k: 'l' } }] }, /the new key l is there already$/],
  [{ repeat: { template: 1 } }, /repeat needs a map with template and for_each$/],
  [{ repeat: { template: 1, for_each: { a: [1], b: [1, 2] }, permutations: false } }, /as long as each other$/],
  [{ yaql: { expression: '$.data.x.len()', data: { x: 1 } } }, /of yaql only/],
  [{ get_file: 'x.sh' }, /^resource a: property p: get_file needs files/],
  [{ make_url: {} }, /make_url is not supported/],
  [[{ deep: { equals: [1, 1] } }], /^resource a: property p\.0\.deep: equals is for conditions$/],
];

describe('the functions of Magnum’s templates and their kin', () => {
  for (const [says, value, expected] of gives) it(says, () => assert.deepEqual(resolved(value), expected));
  for (const [value, words] of refused) {
    it(`refuse ${JSON.stringify(value)}`, () => {
      assert.throws(() => resolved(value), { code: 'invalid-template', message: words });
    });
  }
});
