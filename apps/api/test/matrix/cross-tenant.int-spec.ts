import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { storeAuthorities, UnitOfWork } from '#libs/db';
import { createClusterAuthorities } from '#libs/pki';
import { RequestMethod } from '@nestjs/common';
import type supertest from 'supertest';
import { API_CONTROLLERS } from '../../src/api.module.js';
import { describeRoutes, type Controller, type DescribedRoute } from '../../src/http/completeness.js';
import { Policy } from '../../src/policy/policy.js';
import { certificateRequest } from '../certificate-request.js';
import { SandboxWorld } from '../sandbox-world.js';
import { ACCESS, CALLERS, expectedStatus, type Caller, type Relation } from './access.js';
import { RELATIONS, ROUTE_CASES, type Ids, type RouteCase } from './route-cases.js';

const TABLES = ['cluster_templates', 'clusters', 'node_groups', 'stacks', 'operations', 'events', 'sealed_secrets', 'quotas'];
const ROUTES = describeRoutes(API_CONTROLLERS as readonly Controller[], new Policy());
const nameOf = ({ method, path }: DescribedRoute): string => `${RequestMethod[method]} ${path}`;

describe('every route × role × whose it is', () => {
  let world: SandboxWorld;
  const tokens: Record<string, string> = {};
  const projects: Record<string, string> = {};
  const clusters: Record<string, { uuid: string; operation: string }> = {};
  const templates: Record<string, string> = {};
  let csr = '';
  let restore = '';
  const table: string[][] = [['ROUTE', 'WHOSE', ...CALLERS.map(({ name }) => name), 'system', 'no token']];

  const sql = (text: string, ...parameters: unknown[]): Promise<Record<string, string>[]> =>
    world.database.source.query(text, parameters);

  before(async () => {
    world = await SandboxWorld.start();
    const { passwords } = world.sandbox;
    tokens['admin'] = await world.token('admin', passwords.admin, 'admin');
    tokens['system'] = await world.token('admin', passwords.admin, 'system');
    tokens['member'] = await world.token('demo', passwords.demo, 'demo');
    tokens['reader'] = await world.token('reader', passwords.reader, 'demo');
    tokens['other'] = await world.token('other', passwords.other, 'other');
    for (const [name, roles] of [
      ['colleague', ['member', 'reader']],
      ['none', ['service']],
    ] as const) {
      await world.addUser(name, 'demo', roles, tokens['admin']);
      tokens[name] = await world.token(name, name, 'demo');
    }
    await makeEverything();
    ({ csr } = await certificateRequest('CN=admin, O=system:masters'));
    await sql(TABLES.map((name) => `CREATE TABLE kept_${name} AS TABLE ${name}`).join(';'));
    const columns = await sql(
      `SELECT table_name AS t, string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position) AS c
       FROM information_schema.columns WHERE table_name = ANY ($1) AND table_schema = 'public' GROUP BY 1`,
      TABLES,
    );
    restore = [
      ...[...TABLES].reverse().map((name) => `DELETE FROM ${name}`),
      ...TABLES.map((name) => {
        const names = columns.find((row) => row['t'] === name)?.['c'] ?? '';
        const identity = ['sealed_secrets', 'stacks'].includes(name) ? '' : 'OVERRIDING SYSTEM VALUE ';
        return `INSERT INTO ${name} (${names}) ${identity}SELECT ${names} FROM kept_${name}`;
      }),
    ].join(';');
  });
  after(async () => {
    console.log(print(table));
    await world.close();
  });

  async function makeEverything(): Promise<void> {
    const base = {
      image_id: 'ubuntu-24.04-kube-v1.36.4',
      coe: 'kubernetes',
      flavor_id: 'm1.small',
      master_flavor_id: 'm1.small',
    };
    const makers = { demo: 'member', other: 'other', admin: 'admin' } as const;
    const make = async (name: string, by: string): Promise<string> => {
      const { body } = await world
        .with(tokens[by] ?? '')
        .post('/v1/clustertemplates', { ...base, name })
        .expect(201);
      templates[name] = body.uuid;
      return body.project_id;
    };
    for (const [project, by] of Object.entries(makers)) projects[project] = await make(project, by);
    for (const name of ['public', 'hidden', 'base']) await make(name, 'admin');
    await sql(`UPDATE cluster_templates SET project_id = 'vendor', public = true WHERE name IN ('public', 'hidden', 'base')`);
    for (const [project, by] of Object.entries(makers)) {
      const body = { name: `k-${project}`, cluster_template_id: templates['base'] };
      const uuid = (
        await world
          .with(tokens[by] ?? '')
          .post('/v1/clusters', body)
          .expect(202)
      ).body.uuid as string;
      const [operation] = await sql('SELECT uuid FROM operations WHERE cluster_uuid = $1', uuid);
      clusters[project] = { uuid, operation: operation?.['uuid'] ?? '' };
      const authorities = await createClusterAuthorities(project);
      await new UnitOfWork(world.database.source).run((tx) => storeAuthorities(world.parts.secrets, tx, uuid, authorities));
      await sql(
        `INSERT INTO node_groups (uuid, cluster_uuid, project_id, name, role, node_count, status)
         SELECT gen_random_uuid(), uuid, project_id, 'extra', 'worker', 1, status FROM clusters WHERE uuid = $1`,
        uuid,
      );
    }
    await sql(`UPDATE cluster_templates SET hidden = true WHERE name IN ('hidden', 'base')`);
    await sql(`UPDATE operations SET status = 'complete', finished_at = now()`);
    await sql(`UPDATE clusters SET status = 'CREATE_COMPLETE', api_address = 'https://x:6443', coe_version = 'v1.36.4'`);
    await sql(`UPDATE node_groups SET status = 'CREATE_COMPLETE'`);
    await sql(
      `INSERT INTO stacks (uuid, cluster_uuid, project_id, name, template)
       SELECT gen_random_uuid(), uuid, project_id, 'infrastructure', '{"resources": {}}' FROM clusters`,
    );
  }

  function idsFor(caller: Caller, relation: Relation | null): Ids {
    const foreign = caller.project === 'demo' ? 'other' : 'demo';
    const project = relation === 'foreign' ? foreign : caller.project;
    const { uuid, operation } = clusters[project] ?? { uuid: '', operation: '' };
    const template = relation === 'public' || relation === 'hidden' ? relation : project;
    return {
      cluster: uuid,
      operation,
      template: templates[template] ?? '',
      project: projects[project] ?? '',
      publicTemplate: templates['public'] ?? '',
      csr,
    };
  }

  async function send(route: DescribedRoute, one: RouteCase, ids: Ids, token: string | null): Promise<supertest.Response> {
    const verb = (RequestMethod[route.method] ?? 'GET').toLowerCase() as 'get' | 'post' | 'patch' | 'delete';
    if (verb !== 'get') await sql(restore);
    if (one.before) await sql(one.before, ids.project);
    const parts: Record<string, string> = {
      cluster: ids.cluster,
      template: ids.template,
      project: ids.project,
      operation: ids.operation,
      stack: 'infrastructure',
      node: 'n1',
      addon: 'metrics-server',
      group: 'extra',
      resource: 'Cluster',
      type: 'etcd',
      federation: 'f1',
    };
    const path = route.path.replace(/:(\w+)/g, (_, name: string) => parts[name] ?? assert.fail(`nobody fills :${name}`));
    const request = world.with(token).of(verb, `${path}${one.query?.(ids) ?? ''}`);
    const body = one.body?.(ids);
    return body === undefined ? request : request.set('content-type', 'application/json').send(body as object);
  }

  /** Nothing of what the caller may not see: uuids of clusters and templates. */
  function assertNothingLeaks(caller: Caller, text: string, where: string): void {
    if (caller.roles.includes('admin')) return;
    const foreign = (['demo', 'other', 'admin'] as const).filter((project) => project !== caller.project);
    const secrets = [...foreign.flatMap((name) => [clusters[name]?.uuid, templates[name], projects[name]]), templates['hidden']];
    for (const secret of secrets) assert.ok(!text.includes(secret ?? '?'), `${where} shows ${String(secret)}`);
  }

  it('has a request for every route, and a meaning for every rule that a route names', () => {
    const names = ROUTES.map(nameOf);
    assert.deepEqual(
      names.filter((name) => !ROUTE_CASES[name]),
      [],
      'add the route to route-cases.ts',
    );
    assert.deepEqual(
      Object.keys(ROUTE_CASES).filter((name) => !names.includes(name)),
      [],
    );
    const rules = ROUTES.flatMap(({ spec }) => (spec.rules === 'public' ? [] : spec.rules.slice(0, 1)));
    assert.deepEqual(
      rules.filter((rule) => !ACCESS[rule]),
      [],
      'add the rule to access.ts',
    );
  });

  for (const route of ROUTES) {
    const name = nameOf(route);
    it(name, async () => {
      const one = ROUTE_CASES[name] ?? assert.fail('add the route to route-cases.ts');
      const unexpected: string[] = [];
      for (const relation of one.about === null ? [null] : RELATIONS[one.about]) {
        const row: string[] = [];
        const look = (who: string, answer: supertest.Response, expected: number): void => {
          row.push(answer.status === expected ? String(expected) : `${answer.status}!`);
          if (answer.status !== expected)
            unexpected.push(`${who} × ${relation ?? '-'}: ${answer.status}, expected ${expected}: ${answer.text}`);
        };
        for (const caller of CALLERS) {
          const answer = await send(route, one, idsFor(caller, relation), tokens[caller.name] ?? '');
          look(caller.name, answer, expectedStatus(route.spec, caller, relation, one.passes ?? route.spec.success));
          if (route.method === RequestMethod.GET && answer.status === 200 && relation !== 'hidden')
            assertNothingLeaks(caller, answer.text, `${name} to ${caller.name}`);
        }
        const isPublic = route.spec.rules === 'public';
        const [, member] = CALLERS;
        const ids = idsFor(member as Caller, relation);
        look('system', await send(route, one, ids, tokens['system'] ?? ''), isPublic ? route.spec.success : 403);
        look('no token', await send(route, one, ids, null), isPublic ? route.spec.success : 401);
        table.push([name, relation ?? '', ...row]);
      }
      assert.deepEqual(unexpected, []);
    });
  }
});

function print(rows: readonly string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
