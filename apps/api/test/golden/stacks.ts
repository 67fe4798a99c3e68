import { makeCluster, makeStack, makeTemplate, NOTHING, type Scenario } from './scenario.js';

const path = '/v1/clusters/k1/stacks';

/** Beyond Magnum: what a cluster stands on in the cloud. */
export const stacks: Scenario = {
  resource: 'stacks',
  async run(g) {
    await makeTemplate(g, 't');
    const uuid = await makeCluster(g, 'k1');
    await g.ask(200, 'stacks: none yet', `GET ${path}`);
    const stack = await makeStack(g, uuid);
    await g.ask(200, 'stacks, a full page', `GET ${path}?limit=1`, { as: 'reader' });
    await g.ask(200, 'stacks after the last', `GET ${path}?marker=${stack}`);
    await g.ask(200, 'a stack', `GET ${path}/${stack}`);
    await g.ask(200, 'a stack by its name, a page of resources', `GET ${path}/infrastructure?limit=1`, { as: 'reader' });
    await g.ask(200, 'a stack, what has failed in it', `GET ${path}/${stack}?status=FAILED`);
    await g.ask(200, 'a stack, the last page of resources', `GET ${path}/${stack}?limit=1&marker=network`);
    await g.ask(200, 'the template', `GET ${path}/${stack}/template`);
    await g.ask(400, 'stacks: a limit of nothing', `GET ${path}?limit=0`);
    await g.ask(400, 'a stack: a status that is none', `GET ${path}/${stack}?status=BROKEN`);
    await g.ask(404, 'stacks: a marker that is not there', `GET ${path}?marker=${NOTHING}`);
    await g.ask(404, 'stacks: another project’s', `GET ${path}`, { as: 'other' });
    await g.ask(404, 'a stack: it is not there', `GET ${path}/${NOTHING}`);
    await g.ask(404, 'a stack: another project’s', `GET ${path}/${stack}`, { as: 'other' });
    await g.ask(404, 'the template: another project’s', `GET ${path}/${stack}/template`, { as: 'other' });
    await makeCluster(g, 'twins');
    await makeCluster(g, 'twins');
    for (const [what, below] of [
      ['stacks', ''],
      ['a stack', '/infrastructure'],
      ['the template', '/infrastructure/template'],
    ])
      await g.ask(409, `${what}: several clusters of this name`, `GET /v1/clusters/twins/stacks${below}`);
  },
};
