import { Cloud, isNotFound, OpenStackError, type CloudSession } from '#libs/openstack';
import { startSandbox, type FaultRule, type Sandbox } from '#libs/sandbox';
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { cloudResources } from './index.js';
import { contractCases, unknownIdOf, type ContractCase } from './test/contract-cases.js';
import { shortName, typeNamed, World } from './test/world.js';

let sandbox: Sandbox;
let cloud: Cloud;
let session: CloudSession;
let projectId: string;
let service: CloudSession;
const worlds: World[] = [];

before(async () => {
  sandbox = await startSandbox({ latencies: 'zero', guests: false });
  cloud = new Cloud({ authUrl: sandbox.authUrl, region: 'sandbox', observeIntervalMs: 5 });
  const { username = '', password = '', project_name } = sandbox.clouds.demo.auth;
  session = cloud.session({ kind: 'password', username, password, userDomainName: 'Default', projectName: project_name });
  projectId = await session.projectId();
  service = cloud.session({
    kind: 'password',
    username: 'jeroboam',
    password: sandbox.passwords.jeroboam,
    userDomainName: 'Default',
    projectName: 'service',
  });
});
after(async () => {
  await cloud.close();
  await sandbox.close();
});
afterEach(async () => {
  await admin('DELETE', '/faults');
  for (const world of worlds.splice(0)) await world.cleanUp();
  assert.deepEqual(await inventory(), {}, 'nothing is left in the project');
});

const admin = async (method: string, path: string, body?: object): Promise<unknown> => {
  const answer = await fetch(`${sandbox.adminUrl}${path}`, {
    method,
    ...(body ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } : {}),
  });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
  return answer.status === 204 ? undefined : answer.json();
};
const inventory = async (): Promise<Record<string, { id: string; name: string }[]>> => {
  const reply = (await admin('GET', `/inventory?project=${projectId}`)) as { projects: Record<string, Record<string, never[]>> };
  return reply.projects[projectId] ?? {};
};
const fault = (rule: FaultRule): Promise<unknown> => admin('POST', '/faults', rule);

function newWorld(): World {
  const world = new World(session, projectId, 5);
  worlds.push(world);
  return world;
}

/** Objects of that kind that carry the resource's name, or any where the kind has no name. */
async function count(one: ContractCase, physicalName: string): Promise<number> {
  if (one.table === null) return 1;
  const objects = (await inventory())[one.table] ?? [];
  return objects.filter(({ name }) => name === physicalName || name === '').length;
}

it('every registered type has a case, and every case a type', () => {
  assert.deepEqual(contractCases.map(({ type }) => type).sort(), cloudResources.map(({ type }) => type).sort());
});

for (const one of contractCases) {
  describe(one.type, () => {
    const type = typeNamed(one.type);

    it('is made, waited for and read; found again; removed, and removed once more', async () => {
      const world = newWorld();
      const properties = type.properties.parse(await one.properties(world));
      const ctx = world.context(shortName(one.type));
      assert.equal(await type.find(ctx, properties), null);

      const made = await world.make(one.type, properties as Record<string, unknown>, ctx);
      for (const attribute of type.attributes) assert.ok(attribute in made.attributes, attribute);
      const read = await type.read(ctx, made.id);
      for (const attribute of type.attributes) assert.ok(attribute in read, attribute);
      assert.equal(await type.find(ctx, properties), made.id);
      assert.equal(await count(one, ctx.physicalName), 1);

      await world.remove(type, ctx, made.id);
      await world.remove(type, ctx, made.id);
      assert.equal(await type.find(ctx, properties), null);
      if (type.attributes.length > 0) await assert.rejects(type.read(ctx, made.id), isNotFound);
    });

    // A key pair is its user's alone.
    if (one.type !== 'OS::Nova::KeyPair') {
      it('is found and removed by the service when its owner is gone', async () => {
        const world = newWorld();
        const properties = type.properties.parse(await one.properties(world));
        const ctx = world.context(shortName(one.type));
        const { id } = await world.make(one.type, properties as Record<string, unknown>, ctx);
        const asService = { ...ctx, cloud: service };
        assert.equal(await type.find(asService, properties), id);
        await world.remove(type, asService, id);
        assert.equal(await type.find(ctx, properties), null);
      });
    }

    it('exists once when its maker died after the work was done', async () => {
      const world = newWorld();
      const properties = type.properties.parse(await one.properties(world));
      const ctx = world.context(shortName(one.type));
      // The client repeats a PUT that may be repeated: then there is nothing to find out.
      await fault({ ...one.call, kind: 'drop-after', count: 0 } as FaultRule);
      const error = await world.patiently(() => type.create(ctx, properties)).catch((reason: unknown) => reason);
      await admin('DELETE', '/faults');
      assert.ok(error instanceof OpenStackError && error.sideEffectUnknown, String(error));

      const id = await world.patiently(() => type.find(ctx, properties));
      assert.ok(id !== null);
      world.keep({ type, ctx, properties, id });
      await world.ready(type, ctx, id, properties);
      assert.equal(await count(one, ctx.physicalName), 1);
    });

    it('is one again after it was made twice', async () => {
      const world = newWorld();
      const properties = type.properties.parse(await one.properties(world));
      const ctx = world.context(shortName(one.type));
      const first = await world.make(one.type, properties as Record<string, unknown>, ctx);
      if (one.canBeTwice) await world.patiently(() => type.create(ctx, properties));
      const id = await world.patiently(() => type.find(ctx, properties));
      // Made in the same second, either may be the older one.
      assert.ok(id !== null && (one.canBeTwice || id === first.id));
      world.keep({ type, ctx, properties, id });
      await world.ready(type, ctx, id, properties);
      await world.until(async () => (await count(one, ctx.physicalName)) === 1);
    });

    it('is removed where nothing is', async () => {
      const world = newWorld();
      await world.remove(type, world.context(shortName(one.type)), unknownIdOf(one));
    });
  });
}
