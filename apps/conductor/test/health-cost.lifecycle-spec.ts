import assert from 'node:assert/strict';
import { fork, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { after, before, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { storeAuthorities } from '#libs/db';
import { createClusterAuthorities, issueServerCertificate } from '#libs/pki';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ConductorModule } from '../src/conductor.module.js';
import { HealthWatch, SLICES } from '../src/health/health-watch.js';
import { TestInstallation } from './installation.js';

const CLUSTERS = Number(process.env['HEALTH_CLUSTERS'] ?? 200);
const NODES = ['m-0', 'm-1', 'm-2', 'w-0', 'w-1', 'w-2', 'w-3', 'w-4'];
const signal = new AbortController().signal;

let site: TestInstallation;
let app: INestApplicationContext;
let endpoint: ChildProcess;
before(async () => {
  site = await TestInstallation.start({}, { HEALTH_CHECK_SECONDS: '36000', HEALTH_CHECKS_AT_ONCE: '8' });
  app = await NestFactory.createApplicationContext(ConductorModule.from(site.parts), { logger: false, abortOnError: false });
  const authorities = await createClusterAuthorities('k1');
  const { certPem, keyPem } = await issueServerCertificate(authorities.ca, { names: [], ips: ['127.0.0.1'], days: 1 });
  endpoint = fork(fileURLToPath(new URL('health/endpoint.main.js', import.meta.url)));
  endpoint.send({ certPem, keyPem, caPem: authorities.ca.certPem, nodes: NODES });
  const [{ port }] = (await once(endpoint, 'message')) as [{ port: number }];
  const template = await site.template();
  const uuids = Array.from({ length: CLUSTERS }, () => randomUUID());
  const { source, uow, secrets } = site.parts;
  await source.query(
    `INSERT INTO clusters (uuid, project_id, user_id, name, cluster_template_uuid, floating_ip_enabled, master_lb_enabled, status, api_address)
     SELECT u, 'p', 'u', 'k', $2, true, true, 'CREATE_COMPLETE', $3 FROM unnest($1::uuid[]) AS u`,
    [uuids, template, `https://127.0.0.1:${port}`],
  );
  await source.query(
    `INSERT INTO node_groups (uuid, cluster_uuid, project_id, name, role, is_default, node_count, status)
     SELECT gen_random_uuid(), u, 'p', 'all', 'worker', true, $2, 'CREATE_COMPLETE' FROM unnest($1::uuid[]) AS u`,
    [uuids, NODES.length],
  );
  await source.query(
    `INSERT INTO nodes (uuid, cluster_uuid, node_group_uuid, project_id, name, slot, role, ready_at)
     SELECT gen_random_uuid(), g.cluster_uuid, g.uuid, 'p', n.name, n.slot, 'worker', now()
     FROM node_groups g, unnest($1::text[]) WITH ORDINALITY AS n (name, slot) WHERE g.name = 'all'`,
    [NODES],
  );
  for (let i = 0; i < CLUSTERS; i += 100) {
    await uow.run(async (tx) => {
      for (const uuid of uuids.slice(i, i + 100)) await storeAuthorities(secrets, tx, uuid, authorities);
    });
  }
  await source.query('ANALYZE');
});
after(async () => {
  endpoint?.kill();
  await app?.close();
  await site?.close();
});

async function connections(): Promise<number> {
  endpoint.send('how many?');
  const [told] = (await once(endpoint, 'message')) as [{ connections: number }];
  return told.connections;
}

it(`a look at one of ${CLUSTERS} clusters costs one connection, no write while nothing changes, and little CPU`, async (t) => {
  const watch = app.get(HealthWatch);
  let statements = 0;
  const query = site.parts.source.query.bind(site.parts.source);
  Object.assign(site.parts.source, { query: (...words: Parameters<typeof query>) => (statements++, query(...words)) });
  const round = async (name: string): Promise<{ lines: number; statements: number }> => {
    const [lines, before, cpu, begun] = [await connections(), statements, process.cpuUsage(), performance.now()];
    await watch.all(signal);
    const { user, system } = process.cpuUsage(cpu);
    const ms = (user + system) / 1000 / CLUSTERS;
    const wall = (performance.now() - begun) / 1000;
    const found = { lines: (await connections()) - lines, statements: statements - before };
    t.diagnostic(
      `${name}: ${ms.toFixed(2)} ms of CPU for a cluster of ${NODES.length} nodes, ${wall.toFixed(1)} s for all, ${found.statements} reads: 10,000 a minute are ${((ms * 10_000) / 60_000).toFixed(2)} cores`,
    );
    return found;
  };
  await round('first round, keys and health are new');
  const [before] = (await query(
    'SELECT count(*) FILTER (WHERE health_status = $1) AS well, max(revision) AS revision FROM clusters',
    ['HEALTHY'],
  )) as { well: string; revision: number }[];
  assert.equal(Number(before?.well), CLUSTERS);
  for (const name of ['second round', 'third round']) {
    const { lines, statements: reads } = await round(name);
    assert.equal(lines, CLUSTERS, 'one connection each');
    // A slice without clusters is read once; the conductor's own sweeps read now and then.
    assert.ok(reads >= SLICES && reads < 2 * SLICES + CLUSTERS / 2, `two reads for each slice, not ${reads} for ${SLICES}`);
  }
  const [after] = (await query('SELECT max(revision) AS revision FROM clusters')) as { revision: number }[];
  assert.equal(after?.revision, before?.revision, 'nothing is written');
});
