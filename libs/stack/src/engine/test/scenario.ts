import { randomUUID } from 'node:crypto';
import type { Lease, StackSignal } from '#libs/db';
import type { CloudSession } from '#libs/openstack';
import { DrivenClock } from '#libs/testing';
import { localResources } from '../../resources/index.js';
import { createRegistry } from '../registry.js';
import type { StackRef, StackRun } from '../run.js';
import type { Sealer } from '../sealer.js';
import { StackEngine } from '../stack-engine.js';
import { MemoryStackStore } from './memory-store.js';
import { SimulatedProcess } from './simulated-process.js';
import { ThingCloud } from './things.js';

/** What a small cluster looks like: a base, ports on it, servers on the ports, one thing on top of all. */
export const clusterTemplate = (servers = 2): object => {
  const indices = Array.from({ length: servers }, (_, index) => index);
  return {
    heat_template_version: '2021-04-16',
    parameters: { size: { type: 'number', default: 1 }, user_data: { type: 'string', hidden: true } },
    resources: {
      network: { type: 'Test::Instant', properties: { size: { get_param: 'size' } } },
      subnet: { type: 'Test::Plain', properties: { uses: [{ get_resource: 'network' }] } },
      group: { type: 'Test::Plain' },
      ...Object.fromEntries(
        indices.flatMap((n) => [
          [
            `port-${n}`,
            {
              type: 'Test::Instant',
              depends_on: 'subnet',
              properties: { uses: [{ get_resource: 'network' }, { get_resource: 'group' }] },
            },
          ],
          [
            `server-${n}`,
            { type: 'Test::Slow', properties: { uses: [{ get_resource: `port-${n}` }], data: { get_param: 'user_data' } } },
          ],
        ]),
      ),
      top: {
        type: 'Test::Plain',
        properties: {
          uses: [{ get_resource: 'network' }],
          data: { list_join: [',', indices.map((n) => ({ get_attr: [`server-${n}`, 'address'] }))] },
        },
        depends_on: indices.map((n) => `server-${n}`),
      },
    },
    outputs: { first: { value: { get_attr: ['server-0', 'address'] } }, network_id: { value: { get_resource: 'network' } } },
  };
};
export const CLUSTER_NAMES = ['group', 'network', 'port-0', 'port-1', 'server-0', 'server-1', 'subnet', 'top'];
export const SECRET = 'one-time-nonce-of-this-node';

/** One world: a cloud, a store, a clock; and as many processes as the story needs. */
export class Scenario {
  readonly clock = new DrivenClock();
  readonly cloud = new ThingCloud(this.clock);
  readonly store = new MemoryStackStore();
  /** What handles have heard, by the uuids of their rows. */
  readonly heard: Record<string, StackSignal[]> = {};
  /** Seals by turning the bits around. */
  readonly ring: Sealer = {
    seal: (plain) => ({ keyId: 'turned', sealed: plain.map((byte) => ~byte) as Buffer }),
    open: ({ sealed }) => Buffer.from(sealed.map((byte) => ~byte)),
  };
  readonly logged: unknown[] = [];
  readonly ref: StackRef;
  private readonly creates = new Map<string, number>();

  constructor(template: object = clusterTemplate()) {
    this.ref = {
      uuid: randomUUID(),
      name: 'infrastructure',
      clusterUuid: randomUUID(),
      clusterName: 'k1',
      projectId: 'project',
      nodeGroupUuid: null,
      template,
      parameters: {},
    };
    // Rows first, always: as many committed intents as creates, at every moment of every scenario.
    this.cloud.onCreate = (physicalName) => {
      const row = this.store.rowNamed(physicalName);
      const creates = (this.creates.get(row?.uuid ?? '') ?? 0) + 1;
      if (!row || row.attempts < creates) throw new Error(`${physicalName}: ${creates} creates, ${row?.attempts ?? 0} intents`);
      this.creates.set(row.uuid, creates);
    };
  }

  engine(process = new SimulatedProcess(), concurrency?: number): StackEngine {
    const log = (fields: unknown, message: string): void => void this.logged.push(fields, message);
    return new StackEngine({
      store: process.store(this.store),
      registry: createRegistry([...this.cloud.types(process), ...localResources]),
      sealer: this.ring,
      inbox: {
        address: (handle) => ({ url: `https://here/${handle}`, token: `token-of-${handle}`, caFile: '/ca.pem' }),
        received: (handle) => Promise.resolve(this.heard[handle] ?? []),
      },
      clock: this.clock,
      log: { info: log, warn: log },
      concurrency,
    });
  }

  /** A run by a new holder of the lease. */
  run(more: Partial<StackRun> = {}): StackRun {
    return {
      cloud: {} as CloudSession,
      lease: this.takeLease(),
      signal: new AbortController().signal,
      deadline: new Date(this.clock.now() + 3_600_000),
      hidden: { user_data: SECRET },
      ...more,
    };
  }

  takeLease(): Lease {
    return this.store.take('cluster', randomUUID());
  }

  create(engine = this.engine(), run = this.run()): Promise<Record<string, unknown>> {
    return this.clock.until(engine.apply(this.ref, run));
  }

  /** Another template, or other parameters, for the same stack. */
  change(more: Partial<StackRef>, engine = this.engine(), run = this.run()): Promise<Record<string, unknown>> {
    return this.clock.until(engine.apply({ ...this.ref, ...more }, run));
  }

  delete(engine = this.engine(), run = this.run({ hidden: {} })): Promise<void> {
    return this.clock.until(engine.delete(this.ref, run));
  }

  /** The number of steps that this work has in a process that does not crash. */
  async stepsOf(work: (engine: StackEngine) => Promise<unknown>): Promise<number> {
    const process = new SimulatedProcess();
    await work(this.engine(process));
    return process.steps;
  }

  /** Does it in a process that dies at this step; whether it died, or was done before. */
  async crashAt(step: number, work: (engine: StackEngine) => Promise<unknown>): Promise<'crashed' | 'done'> {
    const process = new SimulatedProcess(step);
    return this.clock.until(Promise.race([process.crashed, work(this.engine(process)).then(() => 'done' as const)]));
  }
}
