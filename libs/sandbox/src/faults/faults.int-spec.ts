import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { Sandbox } from '../options.js';
import { startSandbox } from '../start.js';
import { clientFor } from '../testing/http.js';
import type { Answer, TestClient } from '../testing/http.js';

let sandbox: Sandbox;
let demo: TestClient;
before(async () => {
  sandbox = await startSandbox({ latencies: 'zero', guests: false });
  demo = await clientFor(sandbox, 'demo');
});
after(() => sandbox.close());
beforeEach(async () => {
  await demo.delete('/sandbox/faults');
});

const inject = (fault: object): Promise<Answer> => demo.post('/sandbox/faults', fault);
const create = (name: string): Promise<Answer> => demo.post('/network/v2.0/networks', { network: { name } });
const count = async (name: string): Promise<number> =>
  (await demo.get(`/network/v2.0/networks?name=${name}`)).at<unknown[]>('networks').length;

test('a status with Retry-After, for the second and third call, without doing the work', async () => {
  assert.equal(
    (
      await inject({
        service: 'network',
        method: 'POST',
        path: '^/networks$',
        nth: 2,
        count: 2,
        kind: 'status',
        status: 503,
        retry_after: 7,
      })
    ).status,
    201,
  );
  const statuses = [];
  for (let index = 0; index < 4; index += 1) {
    const answer = await create('counted');
    statuses.push(answer.status);
    if (answer.status === 503) assert.equal(answer.headers.get('retry-after'), '7');
  }
  assert.deepEqual(statuses, [201, 503, 503, 201]);
  assert.equal(await count('counted'), 2);
  assert.deepEqual(
    (await demo.get('/sandbox/faults'))
      .at<{ matched: number; struck: number }[]>('faults')
      .map(({ matched, struck }) => [matched, struck]),
    [[4, 2]],
  );
});

test('the line is cut before, or after, the work was done', async () => {
  await inject({ service: 'network', method: 'POST', kind: 'drop-before' });
  await assert.rejects(create('before'));
  assert.equal(await count('before'), 0);
  await inject({ service: 'network', method: 'POST', kind: 'drop-after' });
  await assert.rejects(create('after'));
  assert.equal(await count('after'), 1);
});

test('an answer of 500 after the work was done; a broken body; a hang; a delay', async () => {
  await inject({ service: 'network', method: 'POST', kind: 'status', status: 500, after: true });
  assert.equal((await create('lied')).status, 500);
  assert.equal(await count('lied'), 1);
  await inject({ service: 'network', method: 'GET', kind: 'malformed' });
  await assert.rejects(count('lied'), SyntaxError);
  await inject({ service: 'network', method: 'GET', kind: 'hang' });
  const { origin } = new URL(sandbox.authUrl);
  await assert.rejects(fetch(`${origin}/network/v2.0/networks`, { signal: AbortSignal.timeout(50) }));
  await inject({ service: 'network', method: 'GET', kind: 'delay', delay_ms: 60 });
  const start = Date.now();
  await count('lied');
  assert.ok(Date.now() - start >= 55);
});

test('calls are counted by template, objects listed by project, times kept', async () => {
  await demo.delete('/sandbox/calls');
  const id = (await create('counted-once')).at('network.id');
  await demo.get(`/network/v2.0/networks/${id}`);
  await demo.get(`/network/v2.0/networks/${id}`);
  const counts = (await demo.get('/sandbox/calls?limit=10')).at<
    { service: string; method: string; template: string; count: number }[]
  >('counts');
  assert.deepEqual(
    counts.find((entry) => entry.template === '/networks/:id'),
    { service: 'network', method: 'GET', template: '/networks/:id', count: 2 },
  );
  const project = (await demo.get('/identity/v3/auth/projects')).at('projects.0.id');
  const inventory = (await demo.get(`/sandbox/inventory?project=${project}`)).at<
    Record<string, Record<string, { name: string }[]>>
  >('projects');
  assert.ok(inventory[project]?.['networks']?.some((network) => network.name === 'counted-once'));
  assert.equal((await demo.put('/sandbox/latencies', { serverBuildMs: 5 })).at<number>('latencies.serverBuildMs'), 5);
  assert.equal((await demo.put('/sandbox/latencies', { nonsense: 5 })).status, 400);
  assert.equal((await demo.get('/sandbox/latencies')).at('guests'), null, 'nothing runs on the servers of this cloud');
  assert.equal((await inject({ kind: 'nonsense' })).status, 400);
});
