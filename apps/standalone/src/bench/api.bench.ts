import { Agent, request } from 'undici';
import pg from 'pg';
import { ContainerInfra } from '../client.js';
import type { Installation } from '../installation.js';
import { atRate, inTurn, type Samples } from './statistics.js';

const RATE = 100;
const SECONDS = 20;
const WARM_UP_SECONDS = 5;
const CLUSTERS = 10_000;
const PAGE = 100;
const PAGES = 300;
export const TEMPLATE = 'bench-template';
/** Room for a thousand nodes: addresses for their ports, a range of pods for each. */
const WIDE = {
  fixed_subnet_cidr: '10.0.0.0/20',
  calico_ipv4pool: '10.128.0.0/10',
  service_cluster_ip_range: '10.112.0.0/12',
};

/** POST /v1/clusters at a steady rate, validation against the cloud included; no conductor runs. */
export async function benchAccept(installation: Installation): Promise<Samples> {
  const { api, call } = await connect(installation);
  await ensureTemplate(api);
  const create = async (n: number): Promise<boolean> => {
    const status = await call('POST', '/clusters', {
      name: `bench-${n}`,
      cluster_template_id: TEMPLATE,
      master_count: 1,
      node_count: 2,
    });
    return status === 202;
  };
  // The first requests of a process compile it: a service that has just started is another measurement.
  await atRate(RATE / 2, WARM_UP_SECONDS, (n) => create(-n - 1));
  return atRate(RATE, SECONDS, create);
}

/** GET /v1/clusters, pages of 100 anywhere among 10,000 clusters of one project. */
export async function benchList(installation: Installation): Promise<Samples> {
  const { api, call, projectId } = await connect(installation);
  const template = await ensureTemplate(api);
  const markers = await fill(installation.databaseUrl, projectId, template.uuid);
  const list = async (n: number): Promise<boolean> =>
    (await call('GET', `/clusters?limit=${PAGE}&marker=${markers[(n * 37) % markers.length]}`)) === 200;
  await inTurn(100, list);
  return inTurn(PAGES, list);
}

async function connect(installation: Installation): Promise<{
  api: ContainerInfra;
  projectId: string;
  call: (method: 'GET' | 'POST', path: string, body?: unknown) => Promise<number>;
}> {
  const { apiUrl, authUrl } = installation;
  const api = await ContainerInfra.login(apiUrl, authUrl, 'demo', installation.password('demo'), 'demo');
  const dispatcher = new Agent({ connections: 64, pipelining: 1 });
  return {
    api,
    projectId: api.projectId,
    call: async (method, path, body) => {
      const response = await request(`${apiUrl}/v1${path}`, {
        method,
        dispatcher,
        headers: { ...api.headers, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      await response.body.dump();
      return response.statusCode;
    },
  };
}

export async function ensureTemplate(api: ContainerInfra): Promise<{ uuid: string }> {
  const { clustertemplates } = await api.request<{ clustertemplates: { uuid: string; name: string }[] }>(
    'GET',
    '/clustertemplates',
  );
  return (
    clustertemplates.find(({ name }) => name === TEMPLATE) ??
    api.request('POST', '/clustertemplates', {
      name: TEMPLATE,
      coe: 'kubernetes',
      image_id: 'ubuntu-24.04-kube-v1.36.4',
      external_network_id: 'public',
      master_flavor_id: 'm1.medium',
      flavor_id: 'm1.small',
      network_driver: 'calico',
      labels: WIDE,
    })
  );
}

/** @returns uuids that may be markers: every hundredth */
async function fill(databaseUrl: string, projectId: string, template: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(
      `WITH made AS (
         INSERT INTO clusters (uuid, project_id, user_id, name, cluster_template_uuid, floating_ip_enabled, master_lb_enabled, status, labels)
         SELECT gen_random_uuid(), $1, 'bench', 'filled-' || n, $2, true, false, 'CREATE_COMPLETE', '{"kube_tag":"v1.36.4"}'
         FROM generate_series(1, ${CLUSTERS}) AS n RETURNING uuid)
       INSERT INTO node_groups (uuid, cluster_uuid, project_id, name, role, is_default, node_count, status)
       SELECT gen_random_uuid(), made.uuid, $1, g.name, g.role, true, g.count, 'CREATE_COMPLETE'
       FROM made, (VALUES ('default-master', 'master', 1), ('default-worker', 'worker', 3)) AS g (name, role, count)`,
      [projectId, template],
    );
    await client.query('ANALYZE clusters, node_groups');
    const { rows } = await client.query<{ uuid: string }>(
      `SELECT uuid FROM (SELECT uuid, row_number() OVER (ORDER BY id) AS n FROM clusters WHERE name LIKE 'filled-%') AS c
       WHERE n % 100 = 0 AND n < ${CLUSTERS - PAGE}`,
    );
    return rows.map(({ uuid }) => uuid);
  } finally {
    await client.end();
  }
}
