import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StackSignal } from '#libs/db';
import { StackFailed } from '../errors.js';
import { Scenario } from './test/scenario.js';

const template = (more: object = {}): object => ({
  heat_template_version: '2021-04-16',
  parameters: { user_data: { type: 'string', hidden: true } },
  resources: {
    handle: { type: 'OS::Heat::WaitConditionHandle' },
    server: { type: 'Test::Slow', properties: { data: { get_attr: ['handle', 'curl_cli'] } } },
    ready: {
      type: 'OS::Heat::WaitCondition',
      depends_on: 'server',
      properties: { handle: { get_resource: 'handle' }, timeout: 600, ...more },
    },
  },
  outputs: { said: { value: { get_attr: ['ready', 'data'] } } },
});

/** Makes the stack while `say` speaks to its handle. */
async function whileSaid(
  scenario: Scenario,
  say: (signals: StackSignal[]) => void,
  afterMs = 30_000,
): Promise<Record<string, unknown>> {
  const made = scenario.engine().apply(scenario.ref, scenario.run());
  void scenario.clock.sleep(afterMs).then(() => {
    const handle = scenario.store.row(scenario.ref.uuid, 'handle');
    say((scenario.heard[handle?.physicalId ?? ''] ??= []));
  });
  return scenario.clock.until(made);
}
const success = (id: string, data: string | null = null): StackSignal => ({ id, status: 'SUCCESS', reason: null, data });

describe('a wait condition', () => {
  it('is complete when so many have said so, and tells what they said', async () => {
    const scenario = new Scenario(template({ count: 2 }));
    const outputs = await whileSaid(scenario, (signals) => signals.push(success('1', 'up'), success('2')));
    assert.deepEqual(JSON.parse(String(outputs['said'])), { '1': 'up', '2': null });
    assert.ok(scenario.clock.now() - Date.UTC(2030, 0, 1) >= 30_000);
  });

  it('gives machines a command whose token is in no row', async () => {
    const scenario = new Scenario(template());
    await whileSaid(scenario, (signals) => signals.push(success('1')));
    const { data = '' } = (scenario.cloud.contents()['server'] ?? {}) as { data?: string };
    assert.match(data, /^curl .*Bearer token-of-[0-9a-f-]+' .* https:\/\/here\/[0-9a-f-]+$/);
    assert.ok(!scenario.store.dump().includes('token-of-'));
  });

  it('fails with the words of a machine that failed', async () => {
    const scenario = new Scenario(template({ count: 2 }));
    const failing = whileSaid(scenario, (signals) =>
      signals.push(success('1'), { ...success('2'), status: 'FAILURE', reason: 'no disk' }),
    );
    await assert.rejects(
      failing,
      (error: unknown) => error instanceof StackFailed && error.message.endsWith('signal 2: no disk'),
    );
  });

  it('fails when its own time is over, and starts anew at the next apply', async () => {
    const scenario = new Scenario(template({ timeout: 60 }));
    await assert.rejects(scenario.create(), /0 of 1 signals received in 60 s$/);
    const outputs = await whileSaid(scenario, (signals) => signals.push(success('1')));
    assert.equal(outputs['said'], '{"1":null}');
  });
});
