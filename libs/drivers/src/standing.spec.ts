import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keepStanding } from './standing.js';
import type { HotResource, StackPlan } from './types.js';

interface Release {
  readonly image: string;
  readonly hidden?: string;
  readonly cache?: boolean;
  readonly pool?: boolean;
}

/** As a driver of this release renders nodes; each release differs in all that it may differ in. */
function rendered(slots: readonly number[], { image, hidden = 'user_data', cache = false, pool = true }: Release): StackPlan {
  const resources = Object.fromEntries(
    slots.flatMap((slot): [string, HotResource][] => [
      [`worker-${slot}-port`, { type: 'OS::Neutron::Port', properties: { network: { get_param: 'network' } } }],
      ...(cache
        ? [[`worker-${slot}-cache`, { type: 'OS::Cinder::Volume', properties: { size: 1 } }] as [string, HotResource]]
        : []),
      [
        `worker-${slot}`,
        {
          type: 'OS::Nova::Server',
          properties: {
            image: { get_param: `image_${image}` },
            user_data: { get_param: `${hidden}_${slot}` },
            networks: [{ port: { get_resource: `worker-${slot}-port` } }],
          },
        },
      ],
      ...(pool ? [[`worker-${slot}-member`, { type: 'OS::Octavia::PoolMember', properties: {} }] as [string, HotResource]] : []),
    ]),
  );
  const secrets = slots.map((slot) => `${hidden}_${slot}`);
  return {
    template: {
      heat_template_version: '2021-04-16',
      description: `release ${image}`,
      parameters: {
        network: { type: 'string' },
        [`image_${image}`]: { type: 'string' },
        ...Object.fromEntries(secrets.map((name) => [name, { type: 'string' as const, hidden: true }])),
      },
      resources: { ...resources, group: { type: 'OS::Nova::ServerGroup', properties: { policies: [image] } } },
      outputs: {},
    },
    parameters: { network: `net of ${image}`, [`image_${image}`]: `id of ${image}` },
    hidden: secrets,
  };
}

const nodes = (...slots: number[]): { logicalName: string; leaving: boolean }[] =>
  slots.map((slot) => ({ logicalName: `worker-${slot}`, leaving: false }));
const everything = (): boolean => true;
const old = rendered([0, 1, 10], { image: 'a' });
const stored = { template: { ...old.template }, parameters: old.parameters };

test('a new stack is as it is rendered', () => {
  assert.equal(keepStanding(old, undefined, nodes(0, 1, 10), everything), old);
});

test('a release that renders everything otherwise changes no standing node; a new one is made as it says', () => {
  const plan = rendered([0, 1, 10, 2], { image: 'b', hidden: 'data', cache: true, pool: false });
  const merged = keepStanding(plan, stored, nodes(0, 1, 10, 2), everything);
  const { resources, parameters } = merged.template;
  for (const [name, resource] of Object.entries(old.template.resources)) {
    if (name !== 'group') assert.deepEqual(resources[name], resource, name);
  }
  const names = Object.keys(resources).filter((name) => name.startsWith('worker-'));
  assert.deepEqual(
    names.filter((name) => /^worker-(0|1|10)\b/.test(name)).sort(),
    Object.keys(old.template.resources)
      .filter((name) => name !== 'group')
      .sort(),
  );
  assert.deepEqual(names.filter((name) => name.startsWith('worker-2')).sort(), ['worker-2', 'worker-2-cache', 'worker-2-port']);
  assert.deepEqual(resources['group'], plan.template.resources['group']);
  assert.deepEqual(merged.parameters, { network: 'net of b', image_b: 'id of b', image_a: 'id of a' });
  assert.deepEqual(parameters['user_data_1'], { type: 'string', hidden: true, default: '' });
  assert.deepEqual(parameters['data_2'], { type: 'string', hidden: true });
});

test('a node whose server does not stand is rendered anew, all of it', () => {
  const plan = rendered([0, 1], { image: 'b' });
  const merged = keepStanding(plan, stored, nodes(0, 1), (name) => name !== 'worker-1');
  assert.deepEqual(merged.template.resources['worker-0'], old.template.resources['worker-0']);
  assert.deepEqual(merged.template.resources['worker-1'], plan.template.resources['worker-1']);
  assert.ok(!Object.hasOwn(merged.template.resources, 'worker-10'));
});

test('a leaving node keeps its machine as it is and gives up what this release takes from it', () => {
  const plan = rendered([0], { image: 'b', cache: true, pool: false });
  const leaving = [{ logicalName: 'worker-0', leaving: true }];
  const { resources } = keepStanding(plan, stored, leaving, everything).template;
  assert.deepEqual(Object.keys(resources).sort(), ['group', 'worker-0', 'worker-0-port']);
  assert.deepEqual(resources['worker-0'], old.template.resources['worker-0']);
});
