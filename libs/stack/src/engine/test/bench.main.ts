/**
 * How much time and memory the engine adds to a stack of many servers, on a real PostgreSQL and a cloud in memory.
 * `node dist/libs/stack/src/engine/test/bench.main.js [servers]`
 */
import { randomUUID } from 'node:crypto';
import { createDataSource, LeaseEntity, StacksRepository, UnitOfWork, type StackStore } from '#libs/db';
import { testDatabase } from '#libs/testing';
import type { CloudSession } from '#libs/openstack';
import { systemClock } from '../clock.js';
import { createRegistry } from '../registry.js';
import type { StackRef, StackRun } from '../run.js';
import { StackEngine } from '../stack-engine.js';
import { clusterTemplate, SECRET } from './scenario.js';
import { SimulatedProcess } from './simulated-process.js';
import { ThingCloud } from './things.js';

const servers = Number(process.argv[2] ?? 1_000);
const database = await testDatabase(4);
const source = await createDataSource({
  DATABASE_URL: database.url,
  DATABASE_POOL_SIZE: 4,
  DATABASE_WAIT_SECONDS: 10,
}).initialize();
const repository = new StacksRepository(source, new UnitOfWork(source));
let writes = 0;
const store: StackStore = {
  open: (lease, stack) => repository.open(lease, stack),
  load: (scope, uuid) => repository.load(scope, uuid),
  write: (...checkpoint) => (writes++, repository.write(...checkpoint)),
};
const lease = { name: 'cluster:bench', owner: 'bench', epoch: '1' };
await source.manager.insert(LeaseEntity, { ...lease, expiresAt: new Date(Date.now() + 3_600_000) });

const clusterUuid = randomUUID();
await source.query(
  `WITH template AS (INSERT INTO cluster_templates (uuid, project_id, user_id, coe, image_id) VALUES (gen_random_uuid(), 'p', 'u', 'kubernetes', 'i') RETURNING uuid)
   INSERT INTO clusters (uuid, project_id, user_id, name, cluster_template_uuid, floating_ip_enabled, master_lb_enabled, status)
   SELECT $1, 'p', 'u', 'k1', uuid, true, false, 'CREATE_IN_PROGRESS' FROM template`,
  [clusterUuid],
);
const ref: StackRef = {
  uuid: randomUUID(),
  name: 'bench',
  clusterUuid,
  clusterName: 'k1',
  projectId: 'p',
  nodeGroupUuid: null,
  template: clusterTemplate(servers),
  parameters: {},
};
const run: StackRun = {
  cloud: {} as CloudSession,
  lease,
  signal: new AbortController().signal,
  deadline: new Date(Date.now() + 3_600_000),
  hidden: { user_data: SECRET },
};
const cloud = new ThingCloud(systemClock);
const engine = new StackEngine({ store, registry: createRegistry(cloud.types(new SimulatedProcess())), clock: systemClock });

let peak = 0;
const meter = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 50);
async function measure(what: string, work: () => Promise<unknown>): Promise<void> {
  const before = { at: performance.now(), cpu: process.cpuUsage(), calls: cloud.calls.length };
  writes = 0;
  await work();
  const cpu = process.cpuUsage(before.cpu);
  console.log(
    `${what}: ${((performance.now() - before.at) / 1000).toFixed(2)} s, processor ${((cpu.user + cpu.system) / 1e6).toFixed(2)} s, ` +
      `${cloud.calls.length - before.calls} cloud calls, ${writes} transactions, peak ${Math.round(peak / 2 ** 20)} MiB`,
  );
}
await measure(`create of ${servers} servers on ${servers} ports`, () => engine.apply(ref, run));
await measure('one server more', () => engine.apply({ ...ref, template: clusterTemplate(servers + 1) }, run));
await measure('delete', () => engine.delete(ref, run));
clearInterval(meter);
await source.destroy();
await database.close();
