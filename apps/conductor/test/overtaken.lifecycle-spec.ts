import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { OperationEntity } from '#libs/db';
import { TestInstallation, type ClusterView } from './installation.js';

const ended = (cluster: ClusterView | null): boolean => cluster === null || /_(COMPLETE|FAILED)$/.test(cluster.status);

/** Each of these is under way, in this step, when the cluster is deleted. */
const CASES: readonly (readonly [kind: string, step: string, method: string, path: string, body?: unknown])[] = [
  ['resize', 'grow', 'POST', 'actions/resize', { node_count: 3 }],
  ['resize', 'kubernetes', 'POST', 'actions/resize', { node_count: 3 }],
  ['resize', 'drain', 'POST', 'actions/resize', { node_count: 0 }],
  ['resize', 'shrink', 'POST', 'actions/resize', { node_count: 0 }],
  ['node-group-create', 'resolve', 'POST', 'nodegroups', { name: 'g', node_count: 1 }],
  ['node-group-create', 'grow', 'POST', 'nodegroups', { name: 'g', node_count: 1 }],
  ['rotate-credential', 'trust', 'PATCH', ''],
  ['rotate-credential', 'old-trust', 'PATCH', ''],
];

describe('a cluster that is deleted while it changes', () => {
  let site: TestInstallation;
  let template: string;
  let empty: unknown;
  before(async () => {
    // Slow enough for each step to be met.
    site = await TestInstallation.start({ latencies: { factor: 0.02, apiMs: 40 } }, { DRAIN_SECONDS: '1' });
    template = await site.template();
    empty = await site.inventory();
  });
  after(() => site.close());

  for (const [kind, step, method, path, body] of CASES) {
    it(`${kind}, in step ${step}: leaves nothing`, async () => {
      const uuid = await site.create({ cluster_template_id: template, node_count: 1 });
      assert.equal((await site.until(uuid, ended))?.status, 'CREATE_COMPLETE');
      await site.request(method, path === '' ? `/credentials/${uuid}` : `/clusters/${uuid}/${path}`, body);
      await reached(uuid, kind, step);
      await site.request('DELETE', `/clusters/${uuid}`);
      const left = await site.until(uuid, (cluster) => cluster === null || cluster.status === 'DELETE_FAILED');
      assert.equal(left?.status_reason ?? null, null);
      assert.equal(left, null);
      assert.deepEqual(await site.inventory(), empty);
    });
  }

  /** In that step, or past it. */
  async function reached(clusterUuid: string, kind: string, step: string): Promise<void> {
    const { manager } = site.database.source;
    for (const until = Date.now() + 20_000; Date.now() < until;) {
      const rows: unknown[] = await manager.query(
        `SELECT 1 FROM operation_steps s JOIN operations o ON o.uuid = s.operation_uuid
         WHERE o.cluster_uuid = $1 AND o.kind = $2 AND s.name = $3`,
        [clusterUuid, kind, step],
      );
      if (rows.length > 0) return;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const operations = await manager.findBy(OperationEntity, { clusterUuid });
    assert.fail(`${step} was not reached: ${operations.map((one) => `${one.kind} ${one.status} ${one.step}`).join('; ')}`);
  }
});
