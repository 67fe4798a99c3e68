import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InvalidInput } from '#libs/domain';
import { Scenario } from './test/scenario.js';
import { cloudError } from './test/things.js';

interface Wish {
  readonly count?: number;
  readonly removed?: readonly string[];
  readonly mode?: string;
  readonly outputs?: object;
}

const workers = ({ count = 3, removed = [], mode = 'append', outputs = {} }: Wish): object => ({
  heat_template_version: '2021-04-16',
  parameters: { count: { type: 'number', default: count }, user_data: { type: 'string', hidden: true } },
  resources: {
    network: { type: 'Test::Plain' },
    workers: {
      type: 'OS::Heat::ResourceGroup',
      depends_on: 'network',
      properties: {
        count: { get_param: 'count' },
        removal_policies: [{ resource_list: removed }],
        removal_policies_mode: mode,
        resource_def: { type: 'Test::Slow', properties: { uses: [{ get_resource: 'network' }], data: 'worker %index%' } },
      },
    },
    top: { type: 'Test::Plain', properties: { uses: { get_attr: ['workers', 'refs'] } } },
  },
  outputs: {
    refs: { value: { get_attr: ['workers', 'refs'] } },
    map: { value: { get_attr: ['workers', 'refs_map'] } },
    removed: { value: { get_attr: ['workers', 'removed_rsrc_list'] } },
    ...outputs,
  },
});
const members = (scenario: Scenario): string[] => scenario.cloud.names().filter((name) => name.startsWith('workers'));
const idOf = (scenario: Scenario, name: string): string => scenario.store.row(scenario.ref.uuid, name)?.physicalId ?? '';

describe('a group of resources', () => {
  it('is its members, in the same walk, and tells their ids and attributes', async () => {
    const outputs = {
      addresses: { value: { get_attr: ['workers', 'address'] } },
      by_name: { value: { get_attr: ['workers', 'attributes', 'address'] } },
      one: { value: { get_attr: ['workers', 'resource.1'] } },
      address: { value: { get_attr: ['workers', 'resource.1.address'] } },
    };
    const scenario = new Scenario(workers({ outputs }));
    const got = await scenario.create();
    assert.deepEqual(members(scenario), ['workers.0', 'workers.1', 'workers.2']);
    const ids = ['workers.0', 'workers.1', 'workers.2'].map((name) => idOf(scenario, name));
    assert.deepEqual(got['refs'], ids);
    assert.deepEqual(got['map'], { '0': ids[0], '1': ids[1], '2': ids[2] });
    assert.equal((got['addresses'] as string[])[2], 'address of workers.2');
    assert.equal((got['by_name'] as Record<string, string>)['0'], 'address of workers.0');
    assert.deepEqual([got['one'], got['address']], [ids[1], 'address of workers.1']);
    const contents = scenario.cloud.contents();
    assert.deepEqual(contents['workers.1'], { uses: ['network'], data: 'worker 1' });
    await scenario.delete();
    assert.deepEqual(scenario.cloud.names(), []);
  });

  it('grows and shrinks at its end', async () => {
    const scenario = new Scenario(workers({ count: 2 }));
    await scenario.create();
    const first = idOf(scenario, 'workers.0');
    await scenario.change({ template: workers({ count: 4 }) });
    assert.deepEqual(members(scenario), ['workers.0', 'workers.1', 'workers.2', 'workers.3']);
    await scenario.change({ template: workers({ count: 1 }) });
    assert.deepEqual(members(scenario), ['workers.0']);
    assert.equal(idOf(scenario, 'workers.0'), first);
    await scenario.change({ template: workers({ count: 0 }) });
    assert.deepEqual(members(scenario), []);
  });

  it('never uses the name of a removed member again, whether it was named or its id was given', async () => {
    const scenario = new Scenario(workers({ count: 3 }));
    await scenario.create();
    const second = idOf(scenario, 'workers.1');
    const got = await scenario.change({ template: workers({ count: 2, removed: [second] }) });
    assert.deepEqual(members(scenario), ['workers.0', 'workers.2']);
    assert.deepEqual(got['removed'], ['1']);
    // The id means nothing any more; nor does one that never was.
    await scenario.change({ template: workers({ count: 3, removed: [second, 'nobody'] }) });
    assert.deepEqual(members(scenario), ['workers.0', 'workers.2', 'workers.3']);
    await scenario.change({ template: workers({ count: 3, removed: ['0'] }) });
    assert.deepEqual(members(scenario), ['workers.2', 'workers.3', 'workers.4']);
    await scenario.change({ template: workers({ count: 3, mode: 'update' }) });
    assert.deepEqual(members(scenario), ['workers.0', 'workers.1', 'workers.2']);
  });

  it('leaves the same member out after a crash at any step, though its id is gone by then', async () => {
    const make = async (): Promise<{ scenario: Scenario; template: object }> => {
      const scenario = new Scenario(workers({ count: 3 }));
      await scenario.create();
      return { scenario, template: workers({ count: 2, removed: [idOf(scenario, 'workers.1')] }) };
    };
    const whole = await make();
    const steps = await whole.scenario.stepsOf((engine) => whole.scenario.change({ template: whole.template }, engine));
    for (let step = 1; step <= steps; step++) {
      const { scenario, template } = await make();
      await scenario.crashAt(step, (engine) => engine.apply({ ...scenario.ref, template }, scenario.run()));
      await scenario.clock.until(scenario.clock.sleep(1_000));
      await scenario.change({ template });
      assert.deepEqual(members(scenario), ['workers.0', 'workers.2'], `crash at step ${step}`);
    }
  });

  it('is read with its own memory when its stack has another uuid than is given', async () => {
    const scenario = new Scenario(workers({ count: 2 }));
    await scenario.create();
    await scenario.change({ template: workers({ count: 2, removed: ['0'] }), uuid: '00000000-0000-4000-8000-000000000000' });
    assert.deepEqual(members(scenario), ['workers.1', 'workers.2']);
  });

  const refused: [says: string, properties: object, words: RegExp][] = [
    ['a count that is none', { count: -1 }, /^resource workers: property count: must be a whole number/],
    ['a count by an attribute', { count: { get_attr: ['network', 'address'] } }, /property count: must be known before/],
    [
      'a template file',
      { resource_def: { type: 'kubeminion.yaml' } },
      /^resource workers\.0: there is no type kubeminion\.yaml$/,
    ],
    ['what it does not have', { batch: 1 }, /^resource workers: property batch: OS::Heat::ResourceGroup has no such property$/],
    [
      'a member’s own mistake',
      { resource_def: { type: 'Test::Plain', properties: { x: '%index%' } } },
      /^resource workers\.0: property x: Test::Plain has no such/,
    ],
  ];
  for (const [says, properties, words] of refused) {
    it(`refuses ${says}`, async () => {
      const template = {
        heat_template_version: '2021-04-16',
        parameters: { user_data: { type: 'string', hidden: true } },
        resources: {
          network: { type: 'Test::Plain' },
          workers: {
            type: 'OS::Heat::ResourceGroup',
            properties: { resource_def: { type: 'Test::Plain' }, ...properties },
          },
        },
      };
      await assert.rejects(
        new Scenario(template).create(),
        (error: unknown) => error instanceof InvalidInput && words.test(error.message),
      );
    });
  }
});

describe('values and random strings', () => {
  const template = (more: object = {}): object => ({
    heat_template_version: '2021-04-16',
    parameters: { user_data: { type: 'string', hidden: true }, ...(more as { parameters?: object }).parameters },
    resources: {
      password: { type: 'OS::Heat::RandomString', properties: { length: 20, character_classes: [{ class: 'digits', min: 2 }] } },
      ports: { type: 'OS::Heat::Value', properties: { type: 'comma_delimited_list', value: '80,443' } },
      server: {
        type: 'Test::Slow',
        properties: { data: { str_replace: { template: 'root:PW', params: { PW: { get_attr: ['password', 'value'] } } } } },
      },
      ...(more as { resources?: object }).resources,
    },
    outputs: { second: { value: { get_attr: ['ports', 'value', 1] } }, ...(more as { outputs?: object }).outputs },
  });
  const given = (scenario: Scenario): string => String((scenario.cloud.contents()['server'] as { data?: string }).data);

  it('a random string reaches what is made from it, stays the same, and is nowhere in the rows', async () => {
    const scenario = new Scenario(template());
    const outputs = await scenario.create();
    assert.equal(outputs['second'], '443');
    const first = given(scenario);
    assert.match(first, /^root:\d{20}$/);
    await scenario.change({
      template: template({
        resources: { another: { type: 'Test::Slow', properties: { data: { get_attr: ['password', 'value'] } } } },
      }),
    });
    assert.equal(given(scenario), first);
    const secret = first.slice('root:'.length);
    assert.equal((scenario.cloud.contents()['another'] as { data?: string }).data, secret);
    assert.ok(!scenario.store.dump().includes(secret));
    assert.ok(!JSON.stringify([scenario.store.events, scenario.logged]).includes(secret));
  });

  it('a secret that the cloud repeats in its refusal is not told', async () => {
    const scenario = new Scenario(template());
    await scenario.create();
    const secret = given(scenario).slice('root:'.length);
    scenario.cloud.fault('create', 'another', { when: 'before', error: cloudError(400, `what is ${secret}?`) });
    const another = { type: 'Test::Slow', properties: { data: { get_attr: ['password', 'value'] } } };
    await assert.rejects(scenario.change({ template: template({ resources: { another } }) }), /what is \*\*\*\?/);
    assert.ok(!JSON.stringify([scenario.store.dump(), scenario.store.events, scenario.logged]).includes(secret));
  });

  it('a value that changes is changed in place, and what it is used for follows', async () => {
    const scenario = new Scenario(template());
    await scenario.create();
    const resources = { ports: { type: 'OS::Heat::Value', properties: { value: ['8080', '8443'] } } };
    const outputs = await scenario.change({ template: template({ resources }) });
    assert.equal(outputs['second'], '8443');
  });

  const refused: [says: string, more: object, words: RegExp][] = [
    [
      'a random string as output',
      { outputs: { o: { value: { get_attr: ['password', 'value'] } } } },
      /^output o: outputs are stored: it cannot show value of password$/,
    ],
    [
      'its id',
      { resources: { s: { type: 'Test::Plain', properties: { data: { get_resource: 'password' } } } } },
      /password \(OS::Heat::RandomString\) has no id to be told: use get_attr$/,
    ],
    [
      'a secret as value',
      { resources: { v: { type: 'OS::Heat::Value', properties: { value: { get_param: 'user_data' } } } } },
      /^resource v: property value: a value is stored: it cannot show the hidden parameter user_data$/,
    ],
    [
      'a value that is not of its type',
      { resources: { v: { type: 'OS::Heat::Value', properties: { type: 'number', value: 'x' } } } },
      /resource v: property value: is not of the type that is said$/,
    ],
    [
      'more characters than there is room for',
      { resources: { v: { type: 'OS::Heat::RandomString', properties: { length: 2, character_classes: [{ min: 3 }] } } } },
      /length is less/,
    ],
  ];
  for (const [says, more, words] of refused) {
    it(`refuse ${says}`, async () => {
      const wrong = (error: unknown): boolean => {
        assert.match((error as Error).message, words);
        return true;
      };
      await assert.rejects(new Scenario(template(more)).create(), wrong);
    });
  }
});
