import type { Scenario } from './scenario.js';

const path = '/v1/quotas';
const one = `${path}/p-demo/Cluster`;

export const quotas: Scenario = {
  resource: 'quotas',
  async run(g) {
    const admin = (body?: unknown): { as: string; body?: unknown } => ({ as: 'admin', ...(body === undefined ? {} : { body }) });
    await g.ask(200, 'show: none was set', `GET ${one}`);
    await g.ask(200, 'show: none was set, of a resource that is not there', `GET ${path}/p-demo/Nonsense`);
    await g.ask(403, 'show: another project’s', `GET ${one}`, { as: 'other' });
    await g.ask(201, 'set', `POST ${path}`, admin({ project_id: 'p-demo', resource: 'Cluster', hard_limit: 3 }));
    await g.ask(201, 'set with the least, without a microversion', `POST ${path}`, {
      as: 'admin',
      version: null,
      body: { project_id: 'p-other' },
    });
    await g.ask(400, 'set: no project', `POST ${path}`, admin({ hard_limit: 3 }));
    await g.ask(400, 'set: less than nothing', `POST ${path}`, admin({ project_id: 'p-demo', hard_limit: -1 }));
    await g.ask(400, 'set: another resource', `POST ${path}`, admin({ project_id: 'p-demo', resource: 'Node' }));
    await g.ask(404, 'set: a project that is not there', `POST ${path}`, admin({ project_id: 'nowhere' }));
    await g.ask(409, 'set: it is set', `POST ${path}`, admin({ project_id: 'p-demo' }));
    await g.ask(200, 'show', `GET ${one}`);
    await g.ask(200, 'show another project’s, to an administrator', `GET ${one}`, admin());
    await g.ask(200, 'list: the caller’s project has none', `GET ${path}`, admin());
    await g.ask(200, 'list of every project', `GET ${path}?all_tenants=True`, admin());
    await g.ask(200, 'list, a full page', `GET ${path}?all_tenants=1&limit=1&sort_key=hard_limit`, admin());
    await g.ask(400, 'list: a limit of nothing', `GET ${path}?limit=0`, admin());
    await g.ask(400, 'list: a marker that is no number', `GET ${path}?marker=x`, admin());
    await g.ask(202, 'change', `PATCH ${one}`, admin({ hard_limit: 5 }));
    await g.ask(202, 'change as magnumclient sends it', `PATCH ${one}`, {
      as: 'admin',
      body: { project_id: 'p-demo', resource: 'Cluster', hard_limit: '6' },
    });
    await g.ask(400, 'change: no limit', `PATCH ${one}`, admin({}));
    await g.ask(404, 'change: there is none', `PATCH ${path}/nowhere/Cluster`, admin({ hard_limit: 5 }));
    await g.ask(204, 'remove', `DELETE ${one}`, admin());
    await g.ask(404, 'remove: there is none', `DELETE ${one}`, admin());
    await g.ask(204, 'remove, named in the body', `DELETE ${path}`, admin({ project_id: 'p-other', resource: 'Cluster' }));
    await g.ask(
      404,
      'remove, named in the body: there is none',
      `DELETE ${path}`,
      admin({ project_id: 'p-other', resource: 'Cluster' }),
    );
  },
};
