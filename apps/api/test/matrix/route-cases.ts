import type { Relation } from './access.js';

/** What the request is about, found out for caller and relation. */
export interface Ids {
  readonly cluster: string;
  readonly operation: string;
  readonly template: string;
  readonly project: string;
  readonly publicTemplate: string;
  readonly csr: string;
}

export interface RouteCase {
  readonly about: 'cluster' | 'template' | 'project' | null;
  readonly body?: (ids: Ids) => unknown;
  readonly query?: (ids: Ids) => string;
  /** SQL that the request needs done, with the project as `$1`. */
  readonly before?: string;
  /** The answer to who is let through, where it is not the route's own. */
  readonly passes?: number;
}

export const RELATIONS: Readonly<Record<'cluster' | 'template' | 'project', readonly Relation[]>> = {
  cluster: ['own', 'foreign'],
  template: ['own', 'foreign', 'public', 'hidden'],
  project: ['own', 'foreign'],
};

const list: RouteCase = { about: null };
const ofCluster: RouteCase = { about: 'cluster' };
const FAILED_CREATE = `WITH failed AS (UPDATE operations SET status = 'failed' WHERE project_id = $1)
  UPDATE clusters SET status = 'CREATE_FAILED' WHERE project_id = $1`;
/** Without a server: the console of none can be read. */
const NODE = `INSERT INTO nodes (uuid, project_id, cluster_uuid, node_group_uuid, role, slot, name)
  SELECT gen_random_uuid(), project_id, cluster_uuid, uuid, 'worker', 0, 'n1' FROM node_groups
  WHERE project_id = $1 AND role = 'worker' ON CONFLICT DO NOTHING`;
const ADDON = `INSERT INTO cluster_addons (cluster_uuid, project_id, name, enabled, version, status)
  SELECT uuid, project_id, 'metrics-server', true, 'v0.8.1', 'installed' FROM clusters WHERE project_id = $1 ON CONFLICT DO NOTHING`;
const QUOTA = `INSERT INTO quotas (project_id, resource, hard_limit) VALUES ($1, 'Cluster', 7)`;
const template = { image_id: 'ubuntu-24.04-kube-v1.36.4', coe: 'kubernetes', name: 'new' };
/** There is none. */
const federation: RouteCase = { about: null, passes: 404 };

/** A request for each route that is good in all but who sends it. A route that is not here fails the test. */
export const ROUTE_CASES: Readonly<Record<string, RouteCase>> = {
  'GET /': list,
  'GET /v1': list,
  'GET /healthcheck': list,
  'GET /healthz': list,
  'GET /readyz': list,

  'GET /v1/clusters': list,
  'GET /v1/clusters/detail': list,
  'POST /v1/clusters': { about: 'template', body: (ids) => ({ cluster_template_id: ids.template, name: 'new' }) },
  'GET /v1/clusters/:cluster': ofCluster,
  'PATCH /v1/clusters/:cluster': {
    about: 'cluster',
    body: () => [{ op: 'replace', path: '/health_status', value: 'HEALTHY' }],
  },
  'DELETE /v1/clusters/:cluster': ofCluster,
  'GET /v1/clusters/:cluster/delete-plan': ofCluster,
  'POST /v1/clusters/:cluster/actions/resize': { about: 'cluster', body: () => ({ node_count: 2 }) },
  'POST /v1/clusters/:cluster/actions/upgrade': {
    about: 'cluster',
    body: (ids) => ({ cluster_template: ids.publicTemplate }),
  },
  'POST /v1/clusters/:cluster/actions/repair': { about: 'cluster', body: () => ({ nodes: [] }) },
  'GET /v1/clusters/:cluster/events': ofCluster,
  'GET /v1/clusters/:cluster/operations': ofCluster,
  'GET /v1/clusters/:cluster/operations/:operation': ofCluster,
  'POST /v1/clusters/:cluster/operations/:operation/abort': {
    about: 'cluster',
    before: `UPDATE operations SET status = 'running' WHERE project_id = $1`,
  },
  'POST /v1/clusters/:cluster/operations/:operation/retry': { about: 'cluster', before: FAILED_CREATE },
  'POST /v1/clusters/:cluster/operations/:operation/resume': { about: 'cluster', before: FAILED_CREATE },
  'GET /v1/addons': list,
  'GET /v1/clusters/:cluster/addons': ofCluster,
  'GET /v1/clusters/:cluster/addons/:addon': { about: 'cluster', before: ADDON },
  'PATCH /v1/clusters/:cluster/addons/:addon': { about: 'cluster', before: ADDON, body: () => ({ enabled: false }) },
  'GET /v1/clusters/:cluster/nodes': ofCluster,
  'GET /v1/clusters/:cluster/nodes/:node': { about: 'cluster', before: NODE },
  'GET /v1/clusters/:cluster/nodes/:node/console': { about: 'cluster', before: NODE, passes: 409 },
  'GET /v1/clusters/:cluster/stacks': ofCluster,
  'GET /v1/clusters/:cluster/stacks/:stack': ofCluster,
  'GET /v1/clusters/:cluster/stacks/:stack/template': ofCluster,

  'GET /v1/clusters/:cluster/nodegroups': ofCluster,
  'POST /v1/clusters/:cluster/nodegroups': { about: 'cluster', body: () => ({ name: 'new', node_count: 1 }) },
  'GET /v1/clusters/:cluster/nodegroups/:group': ofCluster,
  'PATCH /v1/clusters/:cluster/nodegroups/:group': {
    about: 'cluster',
    body: () => [{ op: 'replace', path: '/min_node_count', value: 1 }],
  },
  'DELETE /v1/clusters/:cluster/nodegroups/:group': ofCluster,

  'GET /v1/clustertemplates': list,
  'GET /v1/clustertemplates/detail': list,
  'POST /v1/clustertemplates': { about: null, body: () => template },
  'GET /v1/clustertemplates/:template': { about: 'template' },
  'PATCH /v1/clustertemplates/:template': {
    about: 'template',
    body: () => [{ op: 'replace', path: '/name', value: 'renamed' }],
  },
  'DELETE /v1/clustertemplates/:template': { about: 'template' },

  'GET /v1/clusters/:cluster/kubeconfig': ofCluster,
  'POST /v1/clusters/:cluster/kubeconfig': { about: 'cluster', body: (ids) => ({ csr: ids.csr }) },

  'GET /v1/certificates/:cluster': ofCluster,
  'GET /v1/certificates/:cluster/:type': ofCluster,
  'POST /v1/certificates': { about: 'cluster', body: (ids) => ({ cluster_uuid: ids.cluster, csr: ids.csr }) },
  'PATCH /v1/certificates/:cluster': ofCluster,
  'PATCH /v1/credentials/:cluster': ofCluster,

  'GET /v1/quotas': list,
  'POST /v1/quotas': { about: 'project', body: (ids) => ({ project_id: ids.project, hard_limit: 3 }) },
  'DELETE /v1/quotas': {
    about: 'project',
    body: (ids) => ({ project_id: ids.project, resource: 'Cluster' }),
    before: QUOTA,
  },
  'GET /v1/quotas/:project/:resource': { about: 'project' },
  'PATCH /v1/quotas/:project/:resource': { about: 'project', body: () => ({ hard_limit: 3 }), before: QUOTA },
  'DELETE /v1/quotas/:project/:resource': { about: 'project', before: QUOTA },
  'GET /v1/stats': { about: 'project', query: (ids) => `?project_id=${ids.project}` },
  'GET /v1/mservices': list,

  'GET /v1/federations': list,
  'GET /v1/federations/detail': list,
  'POST /v1/federations': {
    about: 'cluster',
    body: (ids) => ({ hostcluster_id: ids.cluster, properties: { 'dns-zone': 'example.com.' } }),
  },
  'GET /v1/federations/:federation': federation,
  'PATCH /v1/federations/:federation': { ...federation, body: () => [] },
  'DELETE /v1/federations/:federation': federation,
};
