import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { ClusterWorld } from './cluster-world.js';
import { ApiHarness } from './harness.js';

interface Counted {
  readonly nodeGroupUuid: string;
  readonly nodeCount: number;
  readonly previousNodeCount: number;
}

describe('changes of one cluster that come together', () => {
  let api: ApiHarness;
  let world: ClusterWorld;
  let uuid: string;
  before(async () => {
    api = await ApiHarness.start({}, { upgrade: true, rotateCa: true, resizeMasters: true });
    world = new ClusterWorld(api);
    await world.template('t');
  });
  after(() => api.close());
  beforeEach(async () => {
    await world.empty();
    uuid = await world.cluster();
  });

  /** The n-th of a mixed row of requests: every kind, three names of groups, counts that differ. */
  const ask = (n: number) => {
    const demo = api.as('demo', 'latest');
    const path = `/v1/clusters/${uuid}`;
    const group = ['a', 'b', 'c'][n % 3] ?? 'a';
    const asked = [
      () => demo.post(`${path}/actions/resize`, { node_count: n }),
      () => demo.patch(path, [{ op: 'replace', path: '/node_count', value: n }]),
      () => demo.patch(path, [{ op: 'replace', path: '/health_status', value: 'HEALTHY' }]),
      () => demo.post(`${path}/nodegroups`, { name: group }),
      () => demo.patch(`${path}/nodegroups/${group}`, [{ op: 'replace', path: '/max_node_count', value: 99 }]),
      () => demo.post(`${path}/actions/resize`, { node_count: n, nodegroup: group }),
      () => demo.delete(`${path}/nodegroups/${group}`),
      () => demo.post(`${path}/actions/upgrade`, { cluster_template: 't' }),
      () => demo.patch(`/v1/credentials/${uuid}`),
      () => demo.patch(`/v1/certificates/${uuid}`),
    ];
    const one = asked[n % asked.length];
    if (!one) throw new Error('there are requests to ask');
    return one();
  };

  /** Each count overtakes those before it: should it fail, what was there before all of them comes back. The row has the last one. */
  const assertLine = async (): Promise<void> => {
    const last = new Map<string, number>();
    const first = new Map<string, number>();
    for (const [, request] of await world.asked()) {
      if (typeof request !== 'object' || request === null || !('nodeCount' in request)) continue;
      const { nodeGroupUuid, nodeCount, previousNodeCount } = request as Counted;
      assert.equal(previousNodeCount, first.get(nodeGroupUuid) ?? previousNodeCount);
      first.set(nodeGroupUuid, previousNodeCount);
      last.set(nodeGroupUuid, nodeCount);
    }
    for (const row of await world.rows('SELECT uuid, node_count FROM node_groups')) {
      assert.equal(row['node_count'], last.get(String(row['uuid'])) ?? row['node_count']);
    }
  };

  it('stand in one line, and none of them breaks', async () => {
    const answers = await Promise.all(Array.from({ length: 60 }, (_, n) => ask(n)));
    assert.deepEqual(
      answers.filter((answer) => answer.status >= 500).map((answer) => answer.text),
      [],
    );
    assert.ok((await world.asked()).length > 10);
    await assertLine();
  });

  it('give way to a delete: nothing is accepted after it', async () => {
    const answers = await Promise.all([
      ...Array.from({ length: 30 }, (_, n) => ask(n)),
      api.as('demo').delete(`/v1/clusters/${uuid}`),
      ...Array.from({ length: 30 }, (_, n) => ask(n)),
    ]);
    assert.equal(answers.filter((answer) => answer.status >= 500).length, 0);
    const operations = await world.rows(`SELECT kind, abort_requested FROM operations WHERE status = 'pending' ORDER BY id`);
    assert.equal(operations.at(-1)?.['kind'], 'delete');
    assert.ok(operations.slice(0, -1).every((one) => one['abort_requested']));
    assert.deepEqual(
      [...new Set((await world.state()).flat().filter((one) => String(one).includes('_')))],
      ['DELETE_IN_PROGRESS'],
    );
    await assertLine();
  });
});
