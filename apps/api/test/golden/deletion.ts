import { completeCluster, makeCluster, makeStack, makeTemplate, type Scenario } from './scenario.js';

const path = '/v1/clusters/k1';

/** DELETE of a cluster with what we have added to it, and its preview. */
export const deletion: Scenario = {
  resource: 'deletion',
  async run(g) {
    await makeTemplate(g, 't');
    const uuid = await makeCluster(g, 'k1');
    await completeCluster(g, uuid);
    await g.ask(200, 'plan: nothing stands yet', `GET ${path}/delete-plan`);
    await makeStack(g, uuid);
    await g.ask(200, 'plan', `GET ${path}/delete-plan?keep_volumes=true&keep_load_balancers=1`, { as: 'reader' });
    for (const query of [
      'keep_volumes=perhaps',
      'keep_load_balancers=2',
      'force=true',
      'keep=true',
      'keep_volumes=1&keep_volumes=0',
    ])
      await g.ask(400, `plan: ${query}`, `GET ${path}/delete-plan?${query}`);
    for (const query of ['keep_volumes=perhaps', 'keep_load_balancers=2', 'force=please', 'cascade=true'])
      await g.ask(400, `delete: ${query}`, `DELETE ${path}?${query}`);
    await g.ask(404, 'plan: it is not there', 'GET /v1/clusters/nope/delete-plan');
    await g.ask(404, 'plan: another project’s', `GET ${path}/delete-plan`, { as: 'other' });
    await makeCluster(g, 'twins');
    await makeCluster(g, 'twins');
    await g.ask(409, 'plan: several clusters of this name', 'GET /v1/clusters/twins/delete-plan');
    await g.ask(204, 'delete, keeping volumes', `DELETE ${path}?keep_volumes=True`);
    await g.ask(204, 'delete again, as Magnum’s clients do', `DELETE ${path}`);
    await g.ask(204, 'delete again, with force', `DELETE ${path}?force=yes`);
    await g.ask(200, 'operations of a cluster that is deleted', `GET ${path}/operations`);
  },
};
