import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TemplateError } from './errors.js';
import { resolveExpression, type Scope } from './expression.js';
import { parameterValues, parseTemplate, type Template } from './template.js';

const base = { heat_template_version: '2021-04-16' };
const stack = { uuid: 'stack-id', name: 'k1', projectId: 'project' };

const scope = (values: ReadonlyMap<string, unknown> = new Map()): Scope => ({
  parameter: (name) => values.get(name),
  resourceId: (name) => `id-of-${name}`,
  attribute: (name, attribute) => ({ addresses: [{ ip: '10.0.0.5' }], name: `${name}.${attribute}` }),
});

/** The value of property `p` of resource `a`, beside a resource `b` and two parameters. */
function resolved(p: unknown, parameters: Record<string, unknown> = {}): unknown {
  const template = parseTemplate({
    ...base,
    parameters: {
      size: { type: 'number', default: 3 },
      names: { type: 'comma_delimited_list', default: 'x, y' },
      tree: { type: 'json', default: { a: [1] } },
    },
    resources: { a: { type: 'T', properties: { p } }, b: { type: 'T' } },
  });
  const property = template.resources.get('a')?.properties.get('p');
  assert.ok(property);
  return resolveExpression(property.value, scope(parameterValues(template, parameters, {}, stack)));
}

describe('functions', () => {
  const cases: { says: string; value: unknown; gives: unknown }[] = [
    {
      says: 'plain values stay as they are, however deep',
      value: { a: [1, null, { b: true }] },
      gives: { a: [1, null, { b: true }] },
    },
    { says: 'get_param gives the converted value', value: { get_param: 'size' }, gives: 3 },
    { says: 'get_param walks into lists and maps', value: { get_param: ['tree', 'a', 0] }, gives: 1 },
    { says: 'the pseudo parameters need no declaration', value: { get_param: 'OS::stack_name' }, gives: 'k1' },
    {
      says: 'get_resource gives the id of the object',
      value: [{ network: { get_resource: 'b' } }],
      gives: [{ network: 'id-of-b' }],
    },
    { says: 'get_attr walks into the attribute', value: { get_attr: ['b', 'x', 'addresses', '0', 'ip'] }, gives: '10.0.0.5' },
    {
      says: 'list_join joins several lists',
      value: { list_join: ['-', { get_param: 'names' }, [1, true]] },
      gives: 'x-y-1-true',
    },
    {
      says: 'str_replace takes the longest key and does not search what it put in',
      value: { str_replace: { template: '$ab $a .', params: { $a: '$ab', $ab: { get_param: 'size' }, '.': { k: 1 } } } },
      gives: '3 $ab {"k":1}',
    },
    {
      says: 'str_replace without params is its template',
      value: { str_replace: { template: 'as it is', params: {} } },
      gives: 'as it is',
    },
    {
      says: 'a map with a function among other keys is a map',
      value: { get_param: 'size', more: 1 },
      gives: { get_param: 'size', more: 1 },
    },
  ];
  for (const { says, value, gives } of cases) it(says, () => assert.deepEqual(resolved(value), gives));

  it('cannot walk to what is not there', () => {
    assert.throws(() => resolved({ get_attr: ['b', 'x', 'addresses', 7] }), {
      code: 'invalid-template',
      message: 'resource a: property p: there is no attribute x of b.addresses.7',
    });
  });
});

describe('a template', () => {
  const refused: { says: string; document: unknown; message: RegExp }[] = [
    { says: 'must be a map', document: [], message: /^the template must be a map/ },
    {
      says: 'has a version that is known',
      document: { heat_template_version: '2013-05-23' },
      message: /^heat_template_version must be 2021-04-16/,
    },
    {
      says: 'has no section that would be passed over',
      document: { ...base, event_sinks: [] },
      message: /section event_sinks is not supported/,
    },
    {
      says: 'names the resource without type',
      document: { ...base, resources: { net: {} } },
      message: /^resource net: type must be/,
    },
    {
      says: 'has no resource key that would be passed over',
      document: { ...base, resources: { net: { type: 'T', deletion_policy: 'Retain' } } },
      message: /^resource net: the key deletion_policy is not supported/,
    },
    {
      says: 'names resource and property of a reference into nothing',
      document: { ...base, resources: { port: { type: 'T', properties: { network: [{ get_resource: 'nett' }] } } } },
      message: /^resource port: property network: there is no resource nett$/,
    },
    {
      says: 'names the path of a badly written function',
      document: { ...base, resources: { port: { type: 'T', properties: { ips: [{ ip: { get_attr: 'x' } }] } } } },
      message: /^resource port: property ips\.0\.ip: get_attr needs a list/,
    },
    {
      says: 'names an undeclared parameter',
      document: { ...base, outputs: { o: { value: { get_param: 'nope' } } } },
      message: /^output o: there is no parameter nope$/,
    },
    {
      says: 'depends only on what is there',
      document: { ...base, resources: { a: { type: 'T', depends_on: ['b'] } } },
      message: /^resource a: depends_on: there is no resource b$/,
    },
    {
      says: 'has no resource that needs itself',
      document: { ...base, resources: { a: { type: 'T', properties: { p: { get_resource: 'a' } } } } },
      message: /^resource a: needs itself/,
    },
    {
      says: 'refuses functions that it does not have',
      document: { ...base, resources: { a: { type: 'T', properties: { p: { get_file: 'x' } } } } },
      message: /property p: get_file needs files/,
    },
    {
      says: 'refuses an unknown parameter type',
      document: { ...base, parameters: { p: { type: 'text' } } },
      message: /^parameter p: type must be one of/,
    },
    {
      says: 'checks defaults',
      document: { ...base, parameters: { p: { type: 'number', default: 'many' } } },
      message: /^parameter p: the value is not a number/,
    },
    {
      says: 'shows no hidden parameter in its outputs',
      document: {
        ...base,
        parameters: { key: { type: 'string', hidden: true } },
        outputs: { o: { value: [{ get_param: 'key' }] } },
      },
      message: /^output o: outputs are stored: they cannot show the hidden parameter key/,
    },
  ];
  for (const { says, document, message } of refused) {
    it(says, () =>
      assert.throws(
        () => parseTemplate(document),
        (error: unknown) => error instanceof TemplateError && message.test(error.message),
      ),
    );
  }

  it('gives each resource what it needs: by word, by id, by attribute, inside functions, each once', () => {
    const template = parseTemplate({
      ...base,
      resources: {
        c: {
          type: 'T',
          depends_on: 'a',
          properties: { p: { get_resource: 'a' }, q: { list_join: [',', [{ get_attr: ['b', 'x'] }]] } },
        },
        b: { type: 'T', properties: { p: { str_replace: { template: 'x', params: { x: { get_resource: 'a' } } } } } },
        a: { type: 'T' },
      },
    });
    assert.deepEqual(
      [...template.resources.values()].map(({ name, requires }) => [name, requires]),
      [
        ['c', ['a', 'b']],
        ['b', ['a']],
        ['a', []],
      ],
    );
  });
});

describe('parameter values', () => {
  const template = (type: string, more: object = {}): Template =>
    parseTemplate({ ...base, parameters: { p: { type, ...more } } });
  const converts: [string, unknown, unknown][] = [
    ['string', 7, '7'],
    ['number', '2.5', 2.5],
    ['boolean', 'on', true],
    ['boolean', 'No', false],
    ['comma_delimited_list', 'a, b', ['a', 'b']],
    ['comma_delimited_list', ['a'], ['a']],
    ['json', '{"a":1}', { a: 1 }],
  ];
  for (const [type, given, gives] of converts) {
    it(`${type} takes ${JSON.stringify(given)}`, () =>
      assert.deepEqual(parameterValues(template(type), { p: given }, {}, stack).get('p'), gives));
  }
  const refused: [string, () => unknown, RegExp][] = [
    ['a missing one', () => parameterValues(template('string'), {}, {}, stack), /^parameter p: needs a value/],
    [
      'one that is not declared',
      () => parameterValues(template('string'), { p: 'x', q: 1 }, {}, stack),
      /^parameter q: is not declared/,
    ],
    [
      'a hidden one in the open',
      () => parameterValues(template('string', { hidden: true }), { p: 'x' }, {}, stack),
      /^parameter p: is hidden/,
    ],
    [
      'a hidden one without value',
      () => parameterValues(template('string', { hidden: true }), {}, {}, stack),
      /^parameter p: needs a value/,
    ],
    [
      'one of the wrong type, without showing it',
      () => parameterValues(template('number'), { p: 'secret' }, {}, stack),
      /^parameter p: the value is not a number$/,
    ],
  ];
  for (const [says, run, message] of refused) it(`refuses ${says}`, () => assert.throws(run, { message }));
});
