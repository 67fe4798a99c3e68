import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { API_CONTROLLERS } from '../../src/api.module.js';
import { describeRoutes, type Controller } from '../../src/http/completeness.js';
import { buildDocument } from '../../src/openapi/document.js';
import { readExamples } from '../../src/openapi/examples.js';
import { Policy } from '../../src/policy/policy.js';
import { ApiHarness } from '../harness.js';
import { addons } from './addons.js';
import { certificates } from './certificates.js';
import { clusterTemplates } from './cluster-templates.js';
import { clusterChanges, repair, resize, rotation, upgrade } from './cluster-changes.js';
import { clusters } from './clusters.js';
import { away, discovery } from './discovery.js';
import { examplesOf } from './examples.js';
import { everyRoute } from './every-route.js';
import { readGolden, writeExamples, writeGolden } from './files.js';
import { nodeGroups } from './node-groups.js';
import { federations, services, stats } from './others.js';
import { deletion } from './deletion.js';
import { stacks } from './stacks.js';
import { progress } from './progress.js';
import { quotas } from './quotas.js';
import { Recorder, type GoldenCase } from './recorder.js';
import type { Scenario } from './scenario.js';
import { UNREACHABLE } from './unreachable.js';

/**
 * Whole answers, body and headers, of real requests, beside what is checked in. `npm run golden -- --update` writes them
 * anew for review.
 */
const update = process.env['GOLDEN_UPDATE'] === '1';
const routes = describeRoutes(API_CONTROLLERS as readonly Controller[], new Policy());
/** The first while no token is known; the last takes the database away. */
const scenarios: readonly Scenario[] = [
  everyRoute(routes),
  discovery,
  clusterTemplates,
  clusters,
  clusterChanges,
  resize,
  upgrade,
  repair,
  rotation,
  nodeGroups,
  certificates,
  progress,
  addons,
  deletion,
  stacks,
  quotas,
  stats,
  services,
  federations,
  away,
];

describe('golden answers', () => {
  const seen = new Set<string>();
  const all: GoldenCase[][] = [];
  let api: ApiHarness;
  before(async () => {
    api = await ApiHarness.start(
      { API_PUBLIC_URL: 'https://cloud.example/container-infra', MAX_CLUSTERS_PER_PROJECT: '6' },
      { upgrade: true, rotateCa: true },
    );
  });
  after(() => api.close());

  for (const scenario of scenarios) {
    it(`${scenario.resource} answers as ever`, async () => {
      await empty(api);
      const recorder = new Recorder(api, routes);
      await scenario.run(recorder);
      const { cases } = recorder;
      // What a resource says of itself goes before what all say alike.
      if (scenario.resource === 'every-route') all.push(cases);
      else all.unshift(cases);
      for (const { route, response } of cases) seen.add(`${route} ${response.status}`);
      if (update) return writeGolden(scenario.resource, cases);
      compare(scenario.resource, cases, readGolden<GoldenCase[]>(scenario.resource) ?? []);
    });
  }

  it('gives the document its examples', () => {
    const cases = [...all.slice(0, -1).toReversed(), ...all.slice(-1)].flat();
    const examples = JSON.parse(JSON.stringify(examplesOf(cases))) as unknown;
    if (update) return writeExamples(examples);
    assert.deepEqual(readExamples(), examples, 'run `npm run golden -- --update`');
  });

  it('has a case for every answer that the document promises', () => {
    const promised = promises();
    const missing = promised.filter((answer) => !seen.has(answer) && !UNREACHABLE.has(answer));
    assert.deepEqual(missing, [], 'add a case to apps/api/test/golden, or a reason to unreachable.ts');
    assert.deepEqual(
      [...UNREACHABLE.keys()].filter((answer) => seen.has(answer) || !promised.includes(answer)),
      [],
      'reached after all, or no longer promised',
    );
  });

  it('sees no answer that the document does not have', () => {
    const promised = new Set(promises());
    const undocumented = [...seen].filter((answer) => !answer.startsWith('null ') && !promised.has(answer));
    assert.deepEqual(undocumented, []);
  });
});

/** As it was before the first question; numbers begin at 1. */
async function empty(api: ApiHarness): Promise<void> {
  const { source } = api.database;
  const tables: { name: string }[] = await source.query(
    `SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE '%migrations'`,
  );
  await source.query(`TRUNCATE ${tables.map(({ name }) => name).join(', ')} RESTART IDENTITY CASCADE`);
}

function compare(resource: string, actual: readonly GoldenCase[], expected: readonly GoldenCase[]): void {
  const hint = `${resource}: when this is meant, run \`npm run golden -- --update\` and review what it writes`;
  const names = (cases: readonly GoldenCase[]): string[] => cases.map((one) => one.name);
  assert.deepEqual(names(actual), names(expected), hint);
  for (const [index, one] of actual.entries()) {
    assert.deepEqual(JSON.parse(JSON.stringify(one)), expected[index], `${one.name}; ${hint}`);
  }
}

/** `GET /v1/clusters 200` for each answer in the document. */
function promises(): string[] {
  const paths = buildDocument(routes)['paths'] as Record<string, Record<string, { responses: object }>>;
  return Object.entries(paths).flatMap(([path, verbs]) =>
    Object.entries(verbs).flatMap(([verb, { responses }]) =>
      Object.keys(responses).map((status) => `${verb.toUpperCase()} ${path} ${status}`),
    ),
  );
}
