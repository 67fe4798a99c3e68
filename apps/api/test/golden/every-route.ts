import { storeAuthorities, UnitOfWork } from '#libs/db';
import { createClusterAuthorities } from '#libs/pki';
import { changes } from '../../src/http/targets.js';
import { bodyOf, queryOf, routeName } from '../../src/openapi/document.js';
import type { DescribedRoute } from '../../src/http/completeness.js';
import type { Asked, Recorder } from './recorder.js';
import { completeCluster, makeCluster, makeStack, makeTemplate, type Scenario } from './scenario.js';

/** What each route with a token answers in the same way: made from the table of routes, so a new route is here by itself. */
export function everyRoute(routes: readonly DescribedRoute[]): Scenario {
  const closed = routes.filter(({ spec }) => spec.rules !== 'public').sort((a, b) => (routeName(a) < routeName(b) ? -1 : 1));
  return {
    resource: 'every-route',
    async run(g) {
      // First, while no token is known: nobody can be asked whose it is.
      g.api.cloud.down.add('identity');
      await Promise.all(closed.map((route) => refuse(g, 503, 'Keystone is away', route, { as: 'other' })));
      g.api.cloud.down.clear();
      const operation = await prepare(g);
      for (const route of closed) await refuseAll(g, route, operation);
      await useKey(g, 'demo');
      await useKey(g, 'admin');
      for (const route of closed) await conditions(g, route, operation);
      g.cases.sort((a, b) => (a.name < b.name ? -1 : 1));
    },
  };
}

/** @returns the uuid of an operation */
async function prepare(g: Recorder): Promise<string> {
  await makeTemplate(g, 't');
  await makeTemplate(g, 'k8s');
  await makeTemplate(g, 'k8s-1-37');
  const uuid = await makeCluster(g, 'k1');
  await completeCluster(g, uuid);
  const group = await g.api.as('demo', 'latest').post('/v1/clusters/k1/nodegroups', { name: 'g1' }).expect(202);
  g.name((group.body as { uuid: string }).uuid, 'node group g1');
  const authorities = await createClusterAuthorities('k1');
  await new UnitOfWork(g.api.database.source).run((tx) => storeAuthorities(g.api.parts.secrets, tx, uuid, authorities));
  await completeCluster(g, uuid);
  await makeStack(g, uuid);
  await makeNode(g, uuid);
  await makeAddon(g, uuid);
  const [row]: { uuid: string }[] = await g.api.database.source.query('SELECT uuid FROM operations');
  return g.name(row?.uuid ?? '', 'operation');
}

async function makeNode(g: Recorder, uuid: string): Promise<void> {
  await g.api.database.source.query(
    `INSERT INTO nodes (uuid, project_id, cluster_uuid, node_group_uuid, role, slot, name, server_id)
     SELECT $1, project_id, cluster_uuid, uuid, 'worker', 0, 'n1', $2 FROM node_groups
     WHERE cluster_uuid = $3 AND name = 'default-worker'`,
    [
      g.name('7d1b6b1e-3a52-4a11-9f0e-2f6d5c4b3a21', 'node n1'),
      g.name('0c2f4a9b-7a53-4a0e-8f0b-3c6f1e2d9a11', 'server of n1'),
      uuid,
    ],
  );
}

async function makeAddon(g: Recorder, uuid: string): Promise<void> {
  await g.api.database.source.query(
    `INSERT INTO cluster_addons (cluster_uuid, project_id, name, enabled, version, status)
     SELECT uuid, project_id, 'metrics-server', true, 'v0.8.1', 'installed' FROM clusters WHERE uuid = $1`,
    [uuid],
  );
}

async function refuseAll(g: Recorder, route: DescribedRoute, operation: string): Promise<void> {
  const takesBody = bodyOf(route) !== undefined;
  const right = takesBody ? { body: exampleOf(route) } : {};
  await refuse(g, 401, 'no token', route, { as: null });
  await refuse(g, 403, 'a caller without a role', route, { as: 'nobody', ...right }, operation);
  await refuse(g, 403, 'a token without a project', route, { as: 'unscoped', ...right }, operation);
  await refuse(g, 406, 'a microversion that is not ours', route, { version: '1.15' });
  await refuse(g, 406, 'a malformed microversion', route, { version: null, headers: { 'openstack-api-version': '1.9' } });
  const { since } = route.spec;
  if (since) await refuse(g, 406, 'a microversion before it', route, { version: before(since), ...right }, operation);
  if (takesBody) {
    await refuse(g, 400, 'no body', route, { as: 'admin' }, operation);
    await refuse(g, 413, 'too much', route, { body: `{"name":"${'x'.repeat(1 << 20)}"}` }, operation);
    await refuse(g, 415, 'text', route, { headers: { 'content-type': 'text/plain' }, body: 'hello' }, operation);
  }
  if (queryOf(route)) await refuse(g, 400, 'a parameter that is not there', route, { as: 'admin' }, operation, '?nothing=1');
}

/** `If-None-Match`, `If-Match`, `Idempotency-Key`. */
async function conditions(g: Recorder, route: DescribedRoute, operation: string): Promise<void> {
  const name = routeName(route);
  const [method = ''] = name.split(' ');
  const as = /quotas|mservices/.test(name) ? 'admin' : 'demo';
  const right = bodyOf(route) === undefined ? {} : { body: exampleOf(route) };
  if (changes(method)) {
    await refuse(g, 412, 'another entity tag', route, { as, headers: { 'if-match': '"stale"' }, ...right }, operation);
    await refuse(g, 422, 'a key that was used', route, { as, headers: { 'idempotency-key': 'used' }, ...right }, operation);
  } else if (route.spec.answer) {
    const line = fill(name, operation);
    const { headers } = await g.api.as(as, '1.14').get(line.split(' ')[1] ?? '');
    const tag = { headers: { 'if-none-match': String(headers['etag']) } };
    await g.ask(304, `${name}: the client has it`, line, { as, ...tag });
  }
}

/** The key `used` stands for another request. */
async function useKey(g: Recorder, as: string): Promise<void> {
  await g.api.as(as, '1.14').post('/v1/clusters', { nothing: 1 }).set('idempotency-key', 'used').expect(400);
}

async function refuse(
  g: Recorder,
  status: number,
  why: string,
  route: DescribedRoute,
  asked: Asked,
  operation = 'x',
  query = '',
): Promise<void> {
  const name = routeName(route);
  await g.ask(status, `${name}: ${why}`, `${fill(name, operation)}${query}`, asked);
}

const PARAMETERS: Readonly<Record<string, string>> = {
  cluster: 'k1',
  template: 'k8s',
  group: 'g1',
  project: 'p-demo',
  resource: 'Cluster',
  type: 'etcd',
  federation: 'f1',
  node: 'n1',
  addon: 'metrics-server',
  stack: 'infrastructure',
};

function fill(line: string, operation: string): string {
  return line.replace(/\{(\w+)\}/g, (_, name: string) => (name === 'operation' ? operation : (PARAMETERS[name] ?? 'x')));
}

/** The microversion before this one. */
function before(since: string): string {
  const [major = '1', minor = '1'] = since.split('.');
  return `${major}.${Number(minor) - 1}`;
}

/** The document's example, with a project that the tiny cloud has. */
function exampleOf({ spec }: DescribedRoute): unknown {
  return JSON.parse(JSON.stringify(spec.example).replace(/"project_id":"[^"]+"/, '"project_id":"p-demo"'));
}
