import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Settings } from '#libs/config';
import type { EventsRepository, NewEvent, NodeEntity } from '#libs/db';
import { OperationFailure, Superseded } from '#libs/domain';
import { KubernetesError, type ClusterClient, type DrainOptions, type DrainResult, type NodeState } from '#libs/kubernetes';
import { pino } from 'pino';
import type { ClusterKube } from '../../kubernetes/cluster-kube.js';
import type { OperationContext } from '../operation.js';
import { DrainNodes } from './drain-nodes.js';

const silent = new KubernetesError('connect ECONNREFUSED', {
  failure: 'unreachable',
  server: 'https://k',
  method: 'GET',
  path: '/',
});
const refused = new KubernetesError('no', {
  failure: 'answered',
  server: 'https://k',
  method: 'GET',
  path: '/',
  httpStatus: 403,
});
const empty: DrainResult = { complete: true, evicted: 0, remaining: [] };

/** A cluster that answers as the test says and notes what it is asked. */
function world(states: readonly Partial<NodeState>[], answers: Partial<ClusterClient> = {}) {
  const asked: string[] = [];
  const events: NewEvent[] = [];
  const note =
    (verb: string) =>
    async (name: string): Promise<void> => {
      asked.push(`${verb} ${name}`);
    };
  const client = {
    nodes: async () => states,
    cordon: note('cordon'),
    deleteNode: note('delete'),
    drain: async (name: string, { drainMs }: DrainOptions) => {
      asked.push(`drain ${name} ${drainMs}`);
      return empty;
    },
    close: async () => undefined,
    ...answers,
  } as unknown as ClusterClient;
  const kube = { connect: async () => client } as unknown as ClusterKube;
  const repository = {
    add: async (_tx: unknown, ...more: NewEvent[]) => void events.push(...more),
  } as unknown as EventsRepository;
  const controller = new AbortController();
  const ctx = {
    cluster: { uuid: 'c', projectId: 'p' },
    operation: { uuid: 'o' },
    signal: controller.signal,
    log: pino({ level: 'silent' }),
    write: (unit: (tx: unknown) => Promise<unknown>) => unit({}),
    awaiting: () => undefined,
  } as unknown as OperationContext;
  const drain = new DrainNodes(kube, repository, { DRAIN_SECONDS: 0.2 } as Settings);
  return { asked, events, ctx, drain, kube, controller };
}
const nodes = (...names: string[]): NodeEntity[] => names.map((name) => ({ uuid: name, name }) as NodeEntity);

describe('nodes that leave Kubernetes', () => {
  it('are all cordoned before the first is drained; one that never joined is no obstacle', async () => {
    const { drain, ctx, asked, events } = world([
      { name: 'a', ready: true },
      { name: 'b', ready: false },
    ]);
    await drain.run(ctx, nodes('a', 'b', 'never-joined'));
    assert.deepEqual(asked.slice(0, 2).toSorted(), ['cordon a', 'cordon b']);
    assert.deepEqual(asked.slice(2).toSorted(), ['delete a', 'delete b', 'drain a 200', 'drain b 0']);
    assert.deepEqual(events, []);
  });

  it('go with what a disruption budget keeps on them: a warning names it', async () => {
    const remaining = [
      { namespace: 'shop', name: 'db-0', reason: 'Cannot evict pod as it would violate the disruption budget.' },
    ];
    const { drain, ctx, asked, events } = world([{ name: 'a', ready: true }], {
      drain: async () => ({ complete: false, evicted: 1, remaining }),
    });
    await drain.run(ctx, nodes('a'));
    assert.deepEqual(asked, ['cordon a', 'delete a']);
    assert.match(events[0]?.message ?? '', /^node a goes with 1 pod left on it: shop\/db-0 \(Cannot evict/);
    assert.deepEqual([events[0]?.level, events[0]?.nodeUuid], ['warning', 'a']);
  });

  it('go without a cluster that is silent, and from one that was never made', async () => {
    const { drain, ctx, events, kube } = world([], { nodes: () => Promise.reject(silent) });
    await drain.run(ctx, nodes('a', 'b'));
    assert.deepEqual(events.length, 1);
    const none = new OperationFailure('kubernetes-unreachable', 'no address', { step: 'kubernetes', fixableBy: 'operator' });
    Object.assign(kube, { connect: () => Promise.reject(none) });
    await drain.run(ctx, nodes('a'));
    assert.equal(events.length, 1);
  });

  it('go though Kubernetes refuses a call', async () => {
    const { drain, ctx, asked, events } = world([{ name: 'a', ready: true }], { drain: () => Promise.reject(refused) });
    await drain.run(ctx, nodes('a'));
    assert.deepEqual(asked, ['cordon a', 'delete a']);
    assert.match(events[0]?.message ?? '', /did not drain it/);
  });

  it('stay in Kubernetes when somebody else has the lease by now: the next one of that name may be there', async () => {
    const { drain, ctx, asked } = world([{ name: 'a', ready: true }]);
    let looks = 0;
    const lostAt = (look: number): unknown =>
      Object.assign(ctx, { write: async () => (++looks >= look ? Promise.reject(new Superseded('gone')) : undefined) });
    for (const [look, done] of [
      [1, []],
      [2, ['cordon a']],
      [3, ['cordon a', 'drain a 200']],
    ] as const) {
      looks = 0;
      lostAt(look);
      await assert.rejects(drain.run(ctx, nodes('a')), Superseded);
      assert.deepEqual(asked.splice(0), done);
    }
  });

  it('stay when the operation is told to stop', async () => {
    const { drain, ctx, controller } = world([{ name: 'a', ready: true }], {
      drain: () => {
        controller.abort(new Error('stop'));
        return Promise.reject(silent);
      },
    });
    await assert.rejects(drain.run(ctx, nodes('a')), /stop/);
  });
});
