import assert from 'node:assert/strict';
import type { StackRef } from '../run.js';
import { Scenario } from './scenario.js';

const uses = (...names: string[]): object[] => names.map((name) => ({ get_resource: name }));

/** What a stack may be told to become. `base` differing, all that stands on it must be made anew. */
interface Wish {
  readonly base?: string;
  readonly size?: number;
  readonly servers?: readonly number[];
  readonly door?: string;
  readonly flavour?: string;
  readonly extra?: 'Test::Plain' | 'Test::Slow';
  /** Servers of another kind, counted out; and whether they have a gate. */
  readonly group?: { readonly count: number; readonly removed?: readonly string[]; readonly gate: boolean };
}

/**
 * A network, servers on ports on it, and a door: a place that only one thing can have, with a pool and members behind it.
 */
function template({ base = 'a', size = 1, servers = [0, 1], door = '443', flavour = 'small', extra, group }: Wish): object {
  return {
    heat_template_version: '2021-04-16',
    parameters: {
      user_data: { type: 'string', hidden: true, default: 'none' },
      gate: { type: 'boolean', default: group?.gate ?? false },
    },
    conditions: { gated: { equals: [{ get_param: 'gate' }, true] } },
    resources: {
      gate: { type: 'Test::Slow', condition: 'gated', properties: { uses: uses('network'), place: 'gate' } },
      ...(group ? groupOf(group) : {}),
      network: { type: 'Test::Instant', properties: { size, data: base } },
      subnet: { type: 'Test::Plain', properties: { uses: uses('network'), size } },
      floating: { type: 'Test::Plain', properties: { uses: uses('subnet'), follows: { get_resource: 'door' } } },
      door: { type: 'Test::Slow', properties: { uses: uses('network'), place: door, size } },
      pool: { type: 'Test::Instant', properties: { uses: uses('door'), place: `behind ${door}` } },
      ...(extra ? { extra: { type: extra, properties: { uses: uses('subnet') } } } : {}),
      ...Object.fromEntries(
        servers.flatMap((n) => [
          [`port-${n}`, { type: 'Test::Instant', depends_on: 'subnet', properties: { uses: uses('network') } }],
          [
            `server-${n}`,
            {
              type: 'Test::Slow',
              // Where its port stays, it must go before another one can have the port.
              properties: {
                uses: uses(`port-${n}`),
                data: flavour,
                place: { str_replace: { template: 'on P', params: { P: { get_resource: `port-${n}` } } } },
              },
            },
          ],
          [
            `member-${n}`,
            {
              type: 'Test::Plain',
              depends_on: `server-${n}`,
              properties: { uses: uses('pool'), data: { get_attr: [`port-${n}`, 'address'] } },
            },
          ],
        ]),
      ),
    },
    outputs: { network_id: { value: { get_resource: 'network' } } },
  };
}

/** Two per member: a port in a group, a server on it in another; behind the gate, if there is one. */
function groupOf({ count, removed = [] }: NonNullable<Wish['group']>): object {
  const common = { count, removal_policies: [{ resource_list: removed }], removal_policies_mode: 'update' };
  return {
    legs: {
      type: 'OS::Heat::ResourceGroup',
      depends_on: ['subnet', 'gate'],
      properties: {
        ...common,
        resource_def: { type: 'Test::Instant', properties: { uses: uses('network'), data: 'leg %index%' } },
      },
    },
    cattle: {
      type: 'OS::Heat::ResourceGroup',
      properties: {
        ...common,
        resource_def: {
          type: 'Test::Slow',
          properties: {
            uses: [{ get_attr: ['legs', 'resource.%index%'] }, { if: ['gated', { get_resource: 'gate' }] }],
            size: { if: ['gated', 1, 2] },
          },
        },
      },
    },
    herd: {
      type: 'Test::Plain',
      properties: { data: { list_join: [',', [{ get_attr: ['legs', 'refs_map'] }], { get_attr: ['cattle', 'address'] }] } },
    },
  };
}

export const WORLDS: readonly object[] = [
  template({}),
  template({ size: 2, servers: [0, 1, 2] }),
  template({ base: 'b' }),
  template({ servers: [1], extra: 'Test::Plain', flavour: 'large' }),
  template({ door: '80', extra: 'Test::Slow', servers: [1, 3] }),
  template({ base: 'c', door: '80', size: 3 }),
  template({ servers: [1], group: { count: 2, gate: true } }),
  template({ servers: [1], group: { count: 3, gate: false, removed: ['0'] } }),
];

/** Without the numbers of replacements: those tell how it came about. */
const plain = (text: string): string => text.replaceAll(/-r\d+/g, '').replaceAll(/thing-\d+/g, 'thing');

const contents = (scenario: Scenario): string[] =>
  Object.entries(scenario.cloud.contents())
    .map(([name, content]) => plain(`${name} ${JSON.stringify(content)}`))
    .sort();

const fresh = new Map<object, string[]>();

/** What the cloud holds after this template on an empty one. */
export async function contentsOf(world: object): Promise<string[]> {
  const known = fresh.get(world);
  if (known) return known;
  const scenario = new Scenario(world);
  await scenario.create();
  fresh.set(world, contents(scenario));
  return contents(scenario);
}

/** The cloud holds what the template says, once, and the rows say what the cloud holds. */
export async function assertIs(scenario: Scenario, world: object, message: string): Promise<void> {
  assert.deepEqual(contents(scenario), await contentsOf(world), message);
  const { uuid } = scenario.ref;
  const rows = scenario.store.rows(uuid);
  for (const { name, action, status, definition } of rows) {
    assert.ok(!name.includes('~') && action !== 'DELETE' && status === 'COMPLETE', `${message}: ${name} ${action} ${status}`);
    assert.ok(definition && !definition['unsure'], `${message}: ${name} is unsure`);
  }
  const made = rows.filter(({ type }) => !type.startsWith('OS::Heat::'));
  assert.deepEqual(
    made.map((row) => `${row.physicalName} ${row.physicalId}`).sort(),
    scenario.cloud.ids().sort(),
    `${message}: rows and cloud`,
  );
  assert.match(scenario.store.stackState(uuid), /^(CREATE|UPDATE) COMPLETE$/, message);
}

export const to = (scenario: Scenario, template: object): StackRef => ({ ...scenario.ref, template });
