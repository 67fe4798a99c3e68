import type { Recorder } from './recorder.js';
import { completeCluster, makeCluster, makeTemplate, NOTHING, sql, type Scenario } from './scenario.js';

const path = '/v1/clusters/k1/nodegroups';

const replace = (where: string, value: unknown): object => ({ op: 'replace', path: where, value });

const refused: readonly (readonly [number, string, object])[] = [
  [400, 'no name', {}],
  [400, 'an unknown attribute', { x: 1 }],
  [400, 'a read-only attribute', { stack_id: null }],
  [400, 'masters', { role: 'master' }],
  [400, 'a flavor that is not there', { flavor_id: 'nope' }],
  [400, 'an image that is not there', { image_id: 'nope' }],
  [400, 'a node label that is no text', { node_labels: { a: 1 } }],
  [400, 'taints that are none', { node_taints: ['x'] }],
  [409, 'a name that is taken', { name: 'default-worker' }],
  [409, 'limits that contradict', { min_node_count: 3, max_node_count: 2 }],
  [409, 'more nodes than the most', { node_count: 3, max_node_count: 2 }],
  [409, 'fewer nodes than the fewest', { min_node_count: 2 }],
  [409, 'labels on masters', { role: 'master', node_labels: { a: 'b' } }],
  [409, 'a label of Kubernetes’ own', { node_labels: { 'kubernetes.io/x': 'y' } }],
  [409, 'a taint without key', { node_taints: [{ effect: 'NoSchedule' }] }],
  [409, 'a taint of another effect', { node_taints: [{ key: 'a', effect: 'Never' }] }],
  [409, 'a taint with a further field', { node_taints: [{ key: 'a', effect: 'NoExecute', x: 1 }] }],
];

/** Make, change, delete. */
async function changes(g: Recorder): Promise<void> {
  await sql(g, `UPDATE node_groups SET status = 'CREATE_COMPLETE'`);
  const made = await g.ask(202, 'make one with every field', `POST ${path}`, {
    body: {
      name: 'gpu',
      role: 'gpu',
      node_count: 2,
      min_node_count: 1,
      max_node_count: 5,
      flavor_id: 'm1.small',
      image_id: 'ubuntu',
      docker_volume_size: 10,
      labels: { c: true },
      merge_labels: true,
      node_labels: { disk: 'ssd' },
      node_taints: [{ key: 'gpu', value: 'a100', effect: 'NoSchedule' }],
    },
  });
  g.name(made['uuid'] ?? '', 'node group gpu');
  await g.ask(202, 'make one as python-magnumclient sends it, at 1.9', `POST ${path}/`, {
    version: '1.9',
    body: { name: 'plain', node_count: 0, max_node_count: null, min_node_count: 0, role: 'worker' },
  });
  await g.ask(200, 'list with one that is being made', `GET ${path}`);
  for (const [code, name, body] of refused) {
    await g.ask(code, `make: ${name}`, `POST ${path}`, { body: name === 'no name' ? body : { name: 'g', ...body } });
  }
  await g.ask(404, 'make: the cluster is not there', 'POST /v1/clusters/nope/nodegroups', { body: { name: 'g' } });
  await g.ask(404, 'make: another project’s cluster', `POST ${path}`, { as: 'other', body: { name: 'g' } });
  await sql(g, 'UPDATE clusters SET api_address = NULL');
  await g.ask(409, 'make: the cluster has no address yet', `POST ${path}`, { body: { name: 'g' } });
  await sql(g, `UPDATE clusters SET api_address = 'https://203.0.113.5:6443', status = 'DELETE_IN_PROGRESS'`);
  await g.ask(400, 'make: a status that does not allow it', `POST ${path}`, { body: { name: 'g' } });
  await g.ask(400, 'change: a status that does not allow it', `PATCH ${path}/gpu`, { body: [replace('/max_node_count', 7)] });
  await sql(g, `UPDATE clusters SET status = 'UPDATE_COMPLETE'`);
  await sql(g, `UPDATE node_groups SET status = 'CREATE_COMPLETE'`);

  await g.ask(202, 'change limits, labels and taints', `PATCH ${path}/gpu`, {
    body: [
      replace('/min_node_count', 0),
      replace('/max_node_count', 7),
      replace('/node_labels', "{'disk': 'nvme'}"),
      replace('/node_taints', '[{"key": "gpu", "effect": "NoExecute"}]'),
    ],
  });
  await g.ask(202, 'change nothing', `PATCH ${path}/gpu`, { body: [] });
  await g.ask(202, 'change back to the defaults', `PATCH ${path}/gpu`, {
    body: ['/max_node_count', '/node_labels', '/node_taints'].map((where) => ({ op: 'remove', path: where })),
  });
  await g.ask(400, 'change: the number of nodes', `PATCH ${path}/gpu`, { body: [replace('/node_count', 3)] });
  await g.ask(400, 'change: no list', `PATCH ${path}/gpu`, { body: {} });
  await g.ask(409, 'change: limits that contradict', `PATCH ${path}/gpu`, { body: [replace('/max_node_count', 1)] });
  await g.ask(404, 'change: it is not there', `PATCH ${path}/nope`, { body: [] });
  await g.ask(404, 'change: another project’s', `PATCH ${path}/gpu`, { as: 'other', body: [] });

  await g.ask(400, 'delete: one that was made with the cluster', `DELETE ${path}/default-worker`);
  await g.ask(404, 'delete: it is not there', `DELETE ${path}/nope`);
  await g.ask(404, 'delete: another project’s', `DELETE ${path}/gpu`, { as: 'other' });
  await g.ask(204, 'delete', `DELETE ${path}/gpu`);
  await g.ask(204, 'delete once more', `DELETE ${path}/gpu`);
  await g.ask(200, 'show one that is being deleted', `GET ${path}/gpu`);
  await makeCluster(g, 'twins');
  await makeCluster(g, 'twins');
  const twins = '/v1/clusters/twins/nodegroups';
  await g.ask(409, 'list: several clusters of this name', `GET ${twins}`);
  await g.ask(409, 'show: several clusters of this name', `GET ${twins}/gpu`);
  await g.ask(409, 'make: several clusters of this name', `POST ${twins}`, { body: { name: 'g' } });
  await g.ask(409, 'change: several clusters of this name', `PATCH ${twins}/gpu`, { body: [] });
  await g.ask(409, 'delete: several clusters of this name', `DELETE ${twins}/gpu`);
}

export const nodeGroups: Scenario = {
  resource: 'node-groups',
  async run(g) {
    await makeTemplate(g, 't', { master_flavor_id: 'm1.small', labels: { a: '1' } });
    const uuid = await makeCluster(g, 'k1', { node_count: 2, labels: { min_node_count: 1 } });
    await completeCluster(g, uuid);
    await g.ask(200, 'list', `GET ${path}`);
    await g.ask(200, 'list, as the first clients with node groups see it', `GET ${path}/`, { version: '1.9' });
    await g.ask(200, 'list by role, a full page', `GET ${path}?role=master&limit=1`);
    await g.ask(200, 'show', `GET ${path}/default-worker`);
    await g.ask(200, 'show by number, at 1.9', `GET ${path}/1`, { version: '1.9' });
    await sql(
      g,
      `UPDATE node_groups SET labels = '{"a": "2", "own": "1"}', node_labels = '{"disk": "ssd"}', docker_volume_size = 5,
         node_taints = '[{"key": "gpu", "value": "a100", "effect": "NoSchedule"}, {"key": "spot", "effect": "NoExecute"}]',
         max_node_count = 5, status = 'UPDATE_FAILED', status_reason = 'no valid host' WHERE name = 'default-worker'`,
    );
    await g.ask(200, 'show one with labels and taints of its own that has failed', `GET ${path}/default-worker`);
    await g.ask(400, 'list: a limit of nothing', `GET ${path}?limit=0`);
    await g.ask(400, 'list: a key that cannot be sorted by', `GET ${path}?sort_key=labels`);
    await g.ask(404, 'list: a marker that is not there', `GET ${path}?marker=${NOTHING}`);
    await g.ask(404, 'list: another project’s', `GET ${path}`, { as: 'other' });
    await g.ask(404, 'show: it is not there', `GET ${path}/nope`);
    await g.ask(404, 'show: another project’s', `GET ${path}/default-worker`, { as: 'other' });
    await changes(g);
  },
};
