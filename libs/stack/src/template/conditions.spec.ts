import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { resolveExpression, type Scope } from './expression.js';
import { parameterValues, parseTemplate, type Template } from './template.js';

const stack = { uuid: 'stack-id', name: 'k1', projectId: 'project' };
const scope: Scope = { parameter: () => 'p', resourceId: (name) => `id-of-${name}`, attribute: () => 'x' };

function read(document: object, given: Record<string, unknown> = {}): Template {
  const whole = {
    heat_template_version: 'queens',
    parameters: {
      lb: { type: 'boolean', default: false },
      size: { type: 'number', default: 0 },
      cidrs: { type: 'comma_delimited_list', default: '' },
      secret: { type: 'string', hidden: true, default: 's' },
    },
    ...document,
  };
  return parseTemplate(
    whole,
    parameterValues(parseTemplate({ ...whole, conditions: {}, resources: {}, outputs: {} }), given, {}, stack),
  );
}

const names = (template: Template): string[] => [...template.resources.keys()];
const property = (template: Template, resource: string, name: string): unknown => {
  const found = template.resources.get(resource)?.properties.get(name);
  return found && resolveExpression(found.value, scope);
};

/** As in Magnum's lb_api.yaml. */
const conditions = {
  open: { equals: [{ get_param: 'cidrs' }, []] },
  closed: { not: 'open' },
  balanced: { equals: [{ get_param: 'lb' }, true] },
  both: { and: ['closed', 'balanced'] },
  either: { or: ['closed', { not: { equals: [{ get_param: 'size' }, 0] } }] },
};

describe('conditions', () => {
  const truths: [given: Record<string, unknown>, holding: string[]][] = [
    [{}, ['open']],
    [{ cidrs: ['10.0.0.0/8'] }, ['closed', 'either']],
    [{ lb: 'true', cidrs: '10.0.0.0/8' }, ['closed', 'balanced', 'both', 'either']],
    [{ size: 3 }, ['open', 'either']],
  ];
  for (const [given, holding] of truths) {
    it(`with ${JSON.stringify(given)}: ${holding.join(', ')}`, () => {
      const resources = Object.fromEntries(Object.keys(conditions).map((name) => [name, { type: 'T', condition: name }]));
      assert.deepEqual(names(read({ conditions, resources }, given)), holding);
    });
  }

  it('of a resource may stand there themselves', () => {
    const resources = { a: { type: 'T', condition: { not: { get_param: 'lb' } } }, b: { type: 'T', condition: false } };
    assert.deepEqual(names(read({ resources })), ['a']);
  });

  it('choose a value, and what the other one would need is not waited for', () => {
    const resources = {
      one: { type: 'T', condition: 'balanced' },
      two: { type: 'T', condition: { not: 'balanced' }, depends_on: 'one' },
      user: {
        type: 'T',
        depends_on: ['one', 'two'],
        properties: { p: { if: ['balanced', { get_resource: 'one' }, { get_resource: 'two' }] } },
      },
    };
    const without = read({ conditions, resources });
    assert.equal(property(without, 'user', 'p'), 'id-of-two');
    assert.deepEqual(without.resources.get('user')?.requires, ['two']);
    assert.deepEqual(without.resources.get('two')?.requires, []);
    assert.equal(property(read({ conditions, resources }, { lb: true }), 'user', 'p'), 'id-of-one');
  });

  it('without an else leave property, item and key out', () => {
    const absent = { if: ['balanced', 1] };
    const resources = {
      a: { type: 'T', properties: { gone: absent, list: ['x', absent, { get_param: 'size' }], map: { k: absent, l: 2 } } },
    };
    const template = read({ conditions, resources });
    assert.deepEqual([...(template.resources.get('a')?.properties.keys() ?? [])], ['list', 'map']);
    assert.deepEqual([property(template, 'a', 'list'), property(template, 'a', 'map')], [['x', 'p'], { l: 2 }]);
    assert.deepEqual(property(read({ conditions, resources }, { lb: true }), 'a', 'map'), { k: 1, l: 2 });
  });

  it('leave outputs out', () => {
    const outputs = { a: { value: 1, condition: 'balanced' }, b: { value: { if: ['balanced', 1, 2] } } };
    const template = read({ conditions, outputs });
    assert.deepEqual([...template.outputs.keys()], ['b']);
  });

  const refused: [says: string, document: object, words: RegExp][] = [
    ['a name that is none', { resources: { a: { type: 'T', condition: 'x' } } }, /^resource a: there is no condition x$/],
    ['a circle', { conditions: { a: { not: 'b' }, b: { not: 'a' } } }, /^condition b: the condition a needs itself$/],
    ['a text as definition of nothing', { conditions: { a: 5 } }, /^condition a: a condition is true, false/],
    ['an unknown function', { conditions: { a: { xor: [] } } }, /^condition a: the function xor is not for conditions$/],
    ['one of two', { conditions: { a: { and: [true] } } }, /^condition a: and needs a list of two conditions or more$/],
    [
      'resources',
      { conditions: { a: { equals: [{ get_resource: 'r' }, 1] } }, resources: { r: { type: 'T' } } },
      /^condition a: must be known before/,
    ],
    ['secrets', { conditions: { a: { equals: [{ get_param: 'secret' }, 1] } } }, /cannot depend on the hidden parameter secret$/],
    [
      'a parameter that is not there',
      { conditions: { a: { equals: [{ get_param: 'nope' }, 1] } } },
      /^condition a: there is no parameter nope$/,
    ],
    [
      'what is left out as a value',
      { resources: { a: { type: 'T', condition: false }, b: { type: 'T', properties: { p: { get_resource: 'a' } } } } },
      /^resource b: property p: there is no resource a: its condition is false$/,
    ],
    [
      'if without a value',
      { resources: { a: { type: 'T', properties: { p: { if: [true] } } } } },
      /^resource a: property p: if needs a list/,
    ],
  ];
  for (const [says, document, words] of refused) {
    it(`refuse ${says}`, () => assert.throws(() => read(document), { code: 'invalid-template', message: words }));
  }
});
