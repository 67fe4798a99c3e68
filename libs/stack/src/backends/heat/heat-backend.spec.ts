import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isQuota } from '#libs/openstack';
import { StackFailed } from '../../errors.js';
import { CLUSTER_NAMES, clusterTemplate, Scenario, SECRET } from '../../engine/test/scenario.js';
import { SimulatedProcess } from '../../engine/test/simulated-process.js';
import { cloudError } from '../../engine/test/things.js';
import { HeatScenario } from './test/heat-scenario.js';

const states = (scenario: Scenario): string[] => [...new Set(Object.values(scenario.store.rowStates(scenario.ref.uuid)))];
const failed = (error: unknown): StackFailed => {
  assert.ok(error instanceof StackFailed, String(error));
  return error;
};

describe('a stack through Heat', () => {
  it('leaves the rows, the events and the outputs that our own engine leaves', async () => {
    const [heat, native] = [new HeatScenario(), new Scenario()];
    const outputs = await heat.apply();
    const ofNative = await native.create();
    assert.deepEqual(Object.keys(outputs), Object.keys(ofNative));
    assert.equal(outputs['first'], ofNative['first']);
    assert.deepEqual(heat.cloud.names(), CLUSTER_NAMES);
    assert.equal(heat.store.stackState(heat.ref.uuid), 'CREATE COMPLETE');
    assert.deepEqual(heat.store.rowStates(heat.ref.uuid), native.store.rowStates(native.ref.uuid));
    const shape = (scenario: Scenario): unknown =>
      scenario.store
        .rows(scenario.ref.uuid)
        .map(({ name, type, attempts, requires, attributes, definition }) => [
          ...[name, type, attempts, requires.length, attributes],
          Object.keys((definition?.['properties'] as object | undefined) ?? {}),
        ]);
    assert.deepEqual(shape(heat), shape(native));
    const told = (scenario: Scenario): string[] =>
      scenario.store.events.map(({ type, message }) => `${type} ${message.replaceAll(/k1-[0-9a-f]{12}-/g, '')}`).sort();
    assert.deepEqual(told(heat), told(native));
  });

  it('is asked for once, and nothing is asked when it is as it is wanted', async () => {
    const scenario = new HeatScenario();
    await scenario.apply();
    await scenario.apply();
    assert.deepEqual(scenario.heat.calls, ['create']);
  });

  it('gets its hidden values; no row, event or log does', async () => {
    const scenario = new HeatScenario();
    scenario.heat.failing.set('server-1', { words: `cannot read ${SECRET}`, times: 1 });
    await assert.rejects(scenario.apply());
    const [stack] = scenario.heat.stacks.values();
    assert.equal(stack?.parameters['user_data'], SECRET);
    assert.ok(!scenario.store.dump().includes(SECRET));
    assert.ok(!JSON.stringify(scenario.logged).includes(SECRET));
  });

  it('fails with Heat’s own words, and is mended by the next attempt', async () => {
    const scenario = new HeatScenario();
    scenario.heat.failing.set('server-1', { words: "Quota exceeded for resources: ['server'].", times: 1 });
    const error = failed(await scenario.apply().catch((thrown: unknown) => thrown));
    const [failure] = error.failures;
    assert.equal(failure?.logicalName, 'server-1');
    assert.match(failure?.reason ?? '', /^Test::Slow k1-[0-9a-f]{12}-server-1: ResourceInError: Quota exceeded/);
    assert.ok(isQuota(failure?.cause));
    assert.equal(scenario.store.stackState(scenario.ref.uuid), 'CREATE FAILED');
    await scenario.apply();
    assert.deepEqual(scenario.cloud.names(), CLUSTER_NAMES);
    assert.deepEqual(states(scenario), ['CREATE COMPLETE']);
    assert.deepEqual(scenario.heat.calls, ['create', 'update']);
  });

  it('grows, changes in place and shrinks; the rows of what has gone go', async () => {
    const scenario = new HeatScenario();
    await scenario.apply();
    await scenario.apply({ template: clusterTemplate(3), parameters: { size: 7 } });
    assert.ok(scenario.cloud.names().includes('server-2'));
    assert.equal(scenario.store.row(scenario.ref.uuid, 'network')?.action, 'UPDATE');
    const { size } = (scenario.store.row(scenario.ref.uuid, 'network')?.definition?.['properties'] ?? {}) as { size?: number };
    assert.equal(size, 7);
    await scenario.apply({ template: clusterTemplate(1), parameters: { size: 7 } });
    assert.deepEqual(scenario.cloud.names(), ['group', 'network', 'port-0', 'server-0', 'subnet', 'top']);
    assert.deepEqual(
      scenario.store
        .rows(scenario.ref.uuid)
        .map(({ name }) => name)
        .sort(),
      scenario.cloud.names(),
    );
    assert.equal(scenario.store.stackState(scenario.ref.uuid), 'UPDATE COMPLETE');
  });

  it('waits for a Heat that does one thing at a time', async () => {
    const scenario = new HeatScenario();
    await scenario.apply();
    scenario.heat.busy = 3;
    await scenario.apply({ template: clusterTemplate(3) });
    assert.ok(scenario.cloud.names().includes('server-2'));
  });

  it('is overtaken by what is wanted later, while Heat still makes the first', async () => {
    const scenario = new HeatScenario();
    await scenario.dieAt(25, (backend, run) => backend.apply(scenario.ref, run));
    await scenario.apply({ template: clusterTemplate(3) });
    assert.ok(scenario.cloud.names().includes('server-2'));
    assert.equal(scenario.heat.stacks.size, 1);
  });

  it('ends at its time, and says what Heat was at', async () => {
    const scenario = new HeatScenario();
    scenario.heat.stuck.add('server-0');
    const deadline = new Date(scenario.clock.now() + 60_000);
    const error = failed(await scenario.apply({}, { deadline }).catch((thrown: unknown) => thrown));
    assert.match(error.message, /OS::Heat::Stack k1-.*timed out while waiting for Heat/);
  });

  it('ends with the reason of a stop; what comes next goes on', async () => {
    const scenario = new HeatScenario();
    const stop = new AbortController();
    scenario.heat.stuck.add('server-0');
    const work = scenario.apply({}, { signal: stop.signal });
    const reason = new Error('another operation takes over');
    setImmediate(() => stop.abort(reason));
    await assert.rejects(work, (thrown) => thrown === reason);
    scenario.heat.stuck.clear();
    await scenario.apply();
    assert.equal(scenario.heat.stacks.size, 1);
  });

  it('is refused where a stack of its name is not ours', async () => {
    const scenario = new HeatScenario();
    const name = `k1-${scenario.ref.clusterUuid.replaceAll('-', '').slice(0, 12)}-infrastructure`;
    await scenario.heat.create(name, { template: clusterTemplate(), parameters: {}, tags: 'somebody’s' });
    await assert.rejects(scenario.apply(), /Jeroboam did not make/);
    await scenario.remove();
    assert.deepEqual(scenario.heat.calls, ['create'], 'not deleted either');
  });

  it('does not ask for ever what Heat cannot do', async () => {
    const scenario = new HeatScenario();
    scenario.heat.refusal = cloudError(500, 'The server has either erred');
    await assert.rejects(scenario.apply(), /OS::Heat::Stack .*The server has either erred/);
    assert.ok(scenario.heat.calls.length < 12, scenario.heat.calls.join());
    scenario.heat.calls.length = 0;
    scenario.heat.refusal = cloudError(400, 'ERROR: The template is invalid');
    await assert.rejects(scenario.apply(), /The template is invalid/);
    assert.equal(scenario.heat.calls.length, 1);
  });
});

describe('a stack that somebody touches in Heat', () => {
  it('deleted: it is made again', async () => {
    const scenario = new HeatScenario();
    await scenario.apply();
    for (const stack of scenario.heat.stacks.values()) stack.state = 'DELETE_IN_PROGRESS';
    await scenario.apply({ template: clusterTemplate(3) });
    assert.ok(scenario.cloud.names().includes('server-2'));
    assert.deepEqual(scenario.heat.calls, ['create', 'create']);
  });

  it('abandoned: nothing is made beside what stands; its removal takes all', async () => {
    const scenario = new HeatScenario();
    await scenario.apply();
    scenario.heat.abandonNow();
    await assert.rejects(scenario.apply({ template: clusterTemplate(3) }), /no longer in Heat, but .* still stand/);
    assert.deepEqual(scenario.cloud.names(), CLUSTER_NAMES);
    await scenario.remove();
    assert.deepEqual(scenario.cloud.names(), []);
    assert.equal(scenario.store.stackState(scenario.ref.uuid), 'DELETE COMPLETE');
  });

  it('an object of it lost: a check finds it, and the next change has Heat make it again', async () => {
    const scenario = new HeatScenario();
    await scenario.apply();
    const id = scenario.store.row(scenario.ref.uuid, 'top')?.physicalId ?? '';
    scenario.cloud.things.delete(id);
    const process = new SimulatedProcess();
    const found = await scenario.clock.until(
      scenario.backend(process).check({ uuid: scenario.ref.uuid }, scenario.runIn(process)),
    );
    assert.equal(found.length, 1);
    await scenario.apply();
    assert.deepEqual(scenario.cloud.names(), CLUSTER_NAMES);
    assert.deepEqual(scenario.heat.calls, ['create', 'mark top', 'update']);
    assert.notEqual(scenario.store.row(scenario.ref.uuid, 'top')?.physicalId, id);
  });
});

describe('the removal of a stack through Heat', () => {
  it('takes all, and asks once; twice is fine', async () => {
    const scenario = new HeatScenario();
    await scenario.apply();
    await scenario.remove();
    await scenario.remove();
    assert.deepEqual(scenario.cloud.names(), []);
    assert.deepEqual(scenario.heat.calls, ['create', 'delete']);
    assert.deepEqual(states(scenario), ['DELETE COMPLETE']);
  });

  it('tries again where Heat gives up', async () => {
    const scenario = new HeatScenario();
    await scenario.apply();
    scenario.heat.clinging.set('network', 2);
    await scenario.remove();
    assert.deepEqual(scenario.cloud.names(), []);
  });

  it('fails with Heat’s words when it never ends, and may be asked again', async () => {
    const scenario = new HeatScenario();
    await scenario.apply();
    scenario.heat.clinging.set('network', 100);
    const error = failed(await scenario.remove().catch((thrown: unknown) => thrown));
    assert.match(error.failures[0]?.reason ?? '', /Test::Instant .*network: Conflict: it is in use/);
    assert.equal(scenario.store.stackState(scenario.ref.uuid), 'DELETE FAILED');
    scenario.heat.clinging.clear();
    await scenario.remove();
    assert.deepEqual(scenario.cloud.names(), []);
  });
});

/** A call has two steps: every third hits each call, before or after. */
const STRIDE = 3;

describe('a conductor that dies while Heat works', () => {
  const stepsOf = async (scenario: HeatScenario, work: Parameters<HeatScenario['dieAt']>[1]): Promise<number> =>
    scenario.dieAt(Infinity, work);

  it('at the steps of a create: another one completes it, every object exists once, one stack', async () => {
    const first = new HeatScenario(clusterTemplate(1));
    const steps = await stepsOf(first, (backend, run) => backend.apply(first.ref, run));
    assert.ok(steps > 30, `${steps} steps`);
    for (let step = 1; step <= steps; step += STRIDE) {
      const scenario = new HeatScenario(clusterTemplate(1));
      await scenario.dieAt(step, (backend, run) => backend.apply(scenario.ref, run));
      const outputs = await scenario.apply();
      assert.equal(outputs['first'], 'address of server-0');
      assert.deepEqual(
        scenario.cloud.names(),
        ['group', 'network', 'port-0', 'server-0', 'subnet', 'top'],
        `crash at step ${step}`,
      );
      assert.equal(scenario.heat.stacks.size, 1, `crash at step ${step}`);
      assert.deepEqual(states(scenario), ['CREATE COMPLETE'], `crash at step ${step}`);
    }
  });

  it('at the steps of a create: a removal leaves nothing', async () => {
    const first = new HeatScenario(clusterTemplate(1));
    const steps = await stepsOf(first, (backend, run) => backend.apply(first.ref, run));
    for (let step = 1; step <= steps; step += STRIDE) {
      const scenario = new HeatScenario(clusterTemplate(1));
      await scenario.dieAt(step, (backend, run) => backend.apply(scenario.ref, run));
      await scenario.remove();
      assert.deepEqual(scenario.cloud.names(), [], `crash at step ${step}`);
    }
  });

  it('at the steps of a change: another one completes it', async () => {
    const first = new HeatScenario(clusterTemplate(1));
    await first.apply();
    const more = { template: clusterTemplate(2) };
    const steps = await stepsOf(first, (backend, run) => backend.apply({ ...first.ref, ...more }, run));
    for (let step = 1; step <= steps; step += STRIDE) {
      const scenario = new HeatScenario(clusterTemplate(1));
      await scenario.apply();
      await scenario.dieAt(step, (backend, run) => backend.apply({ ...scenario.ref, ...more }, run));
      await scenario.apply(more);
      assert.ok(scenario.cloud.names().includes('server-1'), `crash at step ${step}`);
      assert.ok(scenario.heat.calls.filter((call) => call === 'update').length <= 1, `asked twice: crash at step ${step}`);
    }
  });

  it('at the steps of a removal: another one completes it', async () => {
    const first = new HeatScenario(clusterTemplate(1));
    await first.apply();
    const steps = await stepsOf(first, (backend, run) => backend.delete(first.ref, run));
    for (let step = 1; step <= steps; step += STRIDE) {
      const scenario = new HeatScenario(clusterTemplate(1));
      await scenario.apply();
      await scenario.dieAt(step, (backend, run) => backend.delete(scenario.ref, run));
      await scenario.remove();
      assert.deepEqual(scenario.cloud.names(), [], `crash at step ${step}`);
      assert.equal(scenario.store.stackState(scenario.ref.uuid), 'DELETE COMPLETE');
    }
  });

  it('whoever has lost the lease writes nothing and asks Heat for nothing', async () => {
    const scenario = new HeatScenario();
    const process = new SimulatedProcess(12);
    process.atStep = () => void scenario.takeLease();
    const run = scenario.runIn(process);
    await assert.rejects(scenario.clock.until(scenario.backend(process).apply(scenario.ref, run)), { name: 'Superseded' });
    const calls = scenario.heat.calls.length;
    await scenario.apply();
    assert.equal(scenario.heat.calls.length, Math.max(1, calls));
  });
});
