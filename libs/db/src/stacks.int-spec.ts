import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { allProjects, projectScope, Superseded } from '#libs/domain';
import { testDatabase, type TestDatabase } from '#libs/testing';
import { ClusterEntity, ClusterTemplateEntity, EventEntity, LeaseEntity, StackEntity } from './entities/index.js';
import { StacksRepository } from './stacks.repository.js';
import type { LoadedStack, NewStack, ResourceChange, StackCheckpoint } from './stacks.store.js';
import { UnitOfWork, type Lease } from './unit-of-work.js';
import { values } from './values.js';

const everything = allProjects('test');

describe('the stacks’ rows', () => {
  let database: TestDatabase;
  let stacks: StacksRepository;
  const clusterUuid = randomUUID();
  before(async () => {
    database = await testDatabase();
    stacks = new StacksRepository(database.source, new UnitOfWork(database.source));
    const { manager } = database.source;
    const template = { uuid: randomUUID(), projectId: 'project', userId: 'user', coe: 'kubernetes', imageId: 'image' };
    await manager.insert(ClusterTemplateEntity, values<ClusterTemplateEntity>(template));
    await manager.insert(
      ClusterEntity,
      values<ClusterEntity>({
        uuid: clusterUuid,
        projectId: 'project',
        userId: 'user',
        name: 'k1',
        clusterTemplateUuid: template.uuid,
        floatingIpEnabled: true,
        masterLbEnabled: false,
        status: 'CREATE_IN_PROGRESS',
      }),
    );
  });
  after(() => database.close());

  const take = async (): Promise<Lease> => {
    const lease = { name: `cluster:${randomUUID()}`, owner: 'one', epoch: '3' };
    await database.source.manager.insert(LeaseEntity, { ...lease, expiresAt: new Date(Date.now() + 60_000) });
    return lease;
  };
  const lose = (lease: Lease): Promise<unknown> =>
    database.source.manager.update(LeaseEntity, { name: lease.name }, { epoch: '4' });

  /** Until somebody waits for a lock in this database. */
  const waitForLock = async (): Promise<void> => {
    const waiting = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    while ((await database.source.query<unknown[]>(waiting)).length === 0) await sleep(5);
  };

  const plan = (resources = ['network', 'subnet']): NewStack => ({
    uuid: randomUUID(),
    clusterUuid,
    nodeGroupUuid: null,
    projectId: 'project',
    name: `stack-${randomUUID()}`,
    template: { heat_template_version: '2021-04-16', description: 'a \0 that Postgres would refuse' },
    parameters: { size: 3 },
    resources: resources.map((name) => ({
      uuid: randomUUID(),
      name,
      type: 'T',
      physicalName: `k1-${name}`,
      requires: name === 'subnet' ? ['network'] : [],
    })),
  });
  const change = (loaded: LoadedStack, name: string, more: Partial<ResourceChange> = {}): ResourceChange => {
    const row = loaded.resources.find((resource) => resource.name === name)!;
    const { uuid, revision } = row;
    return {
      uuid,
      revision,
      action: 'CREATE',
      status: 'IN_PROGRESS',
      statusReason: null,
      physicalId: null,
      attempts: 1,
      ...more,
    };
  };
  const event = (message: string): StackCheckpoint['events'][number] => ({
    operationUuid: null,
    type: 'stack.resource',
    level: 'info',
    message,
    data: { resource: 'network' },
  });
  const messages = async (...among: string[]): Promise<string[]> => {
    const events = await database.source.manager.find(EventEntity, { order: { id: 'ASC' } });
    return events.map(({ message }) => message).filter((message) => among.includes(message));
  };

  it('are made once, all together, and are the same for whoever opens them later', async () => {
    const lease = await take();
    const wanted = plan();
    const made = await stacks.open(lease, wanted);
    assert.deepEqual([made.stack.action, made.stack.status, made.stack.parameters], ['CREATE', 'IN_PROGRESS', { size: 3 }]);
    const rows = made.resources.map(({ name, physicalName, requires, action, attempts }) => ({
      name,
      physicalName,
      requires,
      action,
      attempts,
    }));
    assert.deepEqual(
      rows.sort((a, b) => (a.name < b.name ? -1 : 1)),
      [
        { name: 'network', physicalName: 'k1-network', requires: [], action: 'INIT', attempts: 0 },
        { name: 'subnet', physicalName: 'k1-subnet', requires: ['network'], action: 'INIT', attempts: 0 },
      ],
    );
    const again = await stacks.open(lease, { ...wanted, uuid: randomUUID(), template: {}, resources: [] });
    assert.deepEqual(again.stack, made.stack);
    assert.equal(again.resources.length, 2);
  });

  it('say who builds them, the cluster’s first stack for those that are not there yet, and how that one knows them', async () => {
    const lease = await take();
    const stack = { ...plan(), backend: 'heat' as const };
    assert.equal(await stacks.backendFor(randomUUID(), stack.name), null);
    const opened = await stacks.open(lease, stack);
    assert.deepEqual([opened.stack.backend, opened.stack.remote], ['heat', null]);
    assert.equal(await stacks.backendFor(clusterUuid, stack.name), 'heat');
    assert.equal(await stacks.backendFor(clusterUuid, 'another one'), 'native', 'the first of this cluster');
    assert.deepEqual([await stacks.backendOf(stack.uuid), await stacks.backendOf(randomUUID())], ['heat', null]);

    const state = { action: 'CREATE', status: 'IN_PROGRESS', statusReason: null } as const;
    await stacks.write(lease, stack.uuid, { resources: [], events: [], stack: { ...state, remote: { id: 'h1' } } });
    await stacks.write(lease, stack.uuid, { resources: [], events: [], stack: state });
    assert.deepEqual((await stacks.load(everything, stack.uuid))?.stack.remote, { id: 'h1' });
  });

  it('change together with the stack and the events, in order', async () => {
    const lease = await take();
    const loaded = await stacks.open(lease, plan());
    const { uuid } = loaded.stack;
    const [one, two] = [randomUUID(), randomUUID()];
    await stacks.write(lease, uuid, {
      resources: [
        change(loaded, 'network', { status: 'COMPLETE', physicalId: 'net-id', attributes: { mtu: 1450 } }),
        change(loaded, 'subnet', { statusReason: 'words with a \0' }),
      ],
      events: [event(one), event(two)],
      stack: { action: 'CREATE', status: 'FAILED', statusReason: 'why', outputs: { network_id: 'net-id' } },
    });
    const now = await stacks.load(projectScope('project'), uuid);
    assert.deepEqual(
      [now?.stack.status, now?.stack.statusReason, now?.stack.outputs],
      ['FAILED', 'why', { network_id: 'net-id' }],
    );
    const network = now?.resources.find(({ name }) => name === 'network');
    assert.deepEqual(
      [network?.status, network?.physicalId, network?.attributes, network?.revision],
      ['COMPLETE', 'net-id', { mtu: 1450 }, 2],
    );
    assert.equal(now?.resources.find(({ name }) => name === 'subnet')?.statusReason, 'words with a ');
    assert.deepEqual(await messages(one, two), [one, two]);
  });

  it('keep their attributes and the outputs when a change does not speak of them', async () => {
    const lease = await take();
    const loaded = await stacks.open(lease, plan());
    const { uuid } = loaded.stack;
    const done = { action: 'CREATE', status: 'COMPLETE', statusReason: null } as const;
    await stacks.write(lease, uuid, {
      resources: [change(loaded, 'network', { attributes: { mtu: 1 } })],
      events: [],
      stack: { ...done, outputs: { a: 1 } },
    });
    await stacks.write(lease, uuid, { resources: [change(loaded, 'network', { revision: 2 })], events: [], stack: done });
    const now = await stacks.load(everything, uuid);
    assert.deepEqual(now?.stack.outputs, { a: 1 });
    assert.deepEqual(now?.resources.find(({ name }) => name === 'network')?.attributes, { mtu: 1 });
  });

  it('get other names, definitions and edges, go and come, with another template, all in one transaction', async () => {
    const lease = await take();
    const loaded = await stacks.open(lease, plan(['network', 'subnet', 'old']));
    const { uuid } = loaded.stack;
    const old = loaded.resources.find(({ name }) => name === 'old')!;
    const successor = { uuid: randomUUID(), name: 'network', type: 'T', physicalName: 'k1-network-r2', requires: [] };
    await stacks.write(lease, uuid, {
      resources: [
        change(loaded, 'network', { name: 'network~1', definition: { properties: { size: 3 } } }),
        change(loaded, 'subnet', { requires: [successor.uuid] }),
      ],
      removed: [old.uuid, randomUUID()],
      added: [successor],
      events: [],
      stack: {
        action: 'UPDATE',
        status: 'IN_PROGRESS',
        statusReason: null,
        template: { resources: {} },
        parameters: { size: 4 },
      },
    });
    const now = await stacks.load(everything, uuid);
    const rows = new Map(now?.resources.map((row) => [row.name, row]));
    assert.deepEqual([...rows.keys()].sort(), ['network', 'network~1', 'subnet']);
    assert.deepEqual(rows.get('network~1')?.definition, { properties: { size: 3 } });
    assert.deepEqual(rows.get('subnet')?.requires, [successor.uuid]);
    assert.deepEqual([rows.get('network')?.action, rows.get('network')?.definition], ['INIT', null]);
    assert.deepEqual([now?.stack.template, now?.stack.parameters], [{ resources: {} }, { size: 4 }]);
  });

  it('are not written by a stale epoch: not a row, not an event, not a stack', async () => {
    const lease = await take();
    const loaded = await stacks.open(lease, plan());
    const message = randomUUID();
    await lose(lease);
    const zombie = {
      resources: [change(loaded, 'network')],
      events: [event(message)],
      stack: { action: 'CREATE', status: 'COMPLETE', statusReason: null },
    } as const;
    await assert.rejects(stacks.write(lease, loaded.stack.uuid, zombie), Superseded);
    await assert.rejects(stacks.write(lease, loaded.stack.uuid, { ...zombie, stack: undefined }), Superseded);
    await assert.rejects(stacks.write(lease, loaded.stack.uuid, { resources: [], events: zombie.events }), Superseded);
    const unopened = plan();
    await assert.rejects(stacks.open(lease, unopened), Superseded);
    assert.deepEqual(await stacks.load(everything, loaded.stack.uuid), loaded);
    assert.equal(await database.source.manager.countBy(StackEntity, { uuid: unopened.uuid }), 0);
    assert.deepEqual(await messages(message), []);
  });

  it('are not written when one of them was written by someone else: all or nothing', async () => {
    const lease = await take();
    const loaded = await stacks.open(lease, plan());
    const { uuid } = loaded.stack;
    await stacks.write(lease, uuid, { resources: [change(loaded, 'network')], events: [] });
    const message = randomUUID();
    const stale = { resources: [change(loaded, 'network'), change(loaded, 'subnet')], events: [event(message)] };
    await assert.rejects(stacks.write(lease, uuid, stale), Superseded);
    const stack = { action: 'CREATE', status: 'COMPLETE', statusReason: null } as const;
    await assert.rejects(stacks.write(lease, uuid, { ...stale, stack }), Superseded);
    const now = await stacks.load(everything, uuid);
    assert.equal(now?.resources.find(({ name }) => name === 'subnet')?.action, 'INIT');
    assert.deepEqual(await messages(message), []);
  });

  it('are written by one of two that write the same at once, wholly', async () => {
    for (let turn = 0; turn < 20; turn++) {
      const lease = await take();
      const loaded = await stacks.open(lease, plan());
      const message = randomUUID();
      const names = [
        ['network', 'subnet'],
        ['subnet', 'network'],
      ];
      const both = await Promise.allSettled(
        names.map((order) =>
          stacks.write(lease, loaded.stack.uuid, {
            resources: order.map((name) => change(loaded, name)),
            events: [event(message)],
          }),
        ),
      );
      assert.deepEqual(both.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected']);
      const rows = (await stacks.load(everything, loaded.stack.uuid))?.resources;
      const before = new Map(loaded.resources.map(({ name, revision }) => [name, revision]));
      for (const { name, revision } of rows ?? []) assert.equal(revision, (before.get(name) ?? 0) + 1);
      assert.equal((await messages(message)).length, 1);
    }
  });

  it('are not written when the lease passes on while the write waits for it', async () => {
    const lease = await take();
    const loaded = await stacks.open(lease, plan());
    const message = randomUUID();
    const checkpoint = { resources: [change(loaded, 'network')], events: [event(message)] };
    const write = await database.source.transaction(async (manager) => {
      await manager.query('SELECT 1 FROM leases WHERE name = $1 FOR UPDATE', [lease.name]);
      const waiting = stacks.write(lease, loaded.stack.uuid, checkpoint).catch((error: unknown) => error);
      await waitForLock();
      await manager.query(`UPDATE leases SET owner = 'two', epoch = 4 WHERE name = $1`, [lease.name]);
      return { waiting };
    });
    assert.ok((await write.waiting) instanceof Superseded);
    assert.deepEqual(await stacks.load(everything, loaded.stack.uuid), loaded);
    assert.deepEqual(await messages(message), []);
  });

  it('are seen by their project alone', async () => {
    const lease = await take();
    const { stack } = await stacks.open(lease, plan());
    assert.equal(await stacks.load(projectScope('other'), stack.uuid), null);
    assert.deepEqual(await stacks.listOfCluster(projectScope('other'), clusterUuid), []);
    const listed = await stacks.listOfCluster(projectScope('project'), clusterUuid);
    assert.ok(listed.some(({ uuid }) => uuid === stack.uuid));
    assert.ok(!JSON.stringify(listed).includes('heat_template_version'));
  });

  it('of two thousand resources are made and written together', async () => {
    const lease = await take();
    const loaded = await stacks.open(lease, plan(Array.from({ length: 2_000 }, (_, index) => `thing-${index}`)));
    await stacks.write(lease, loaded.stack.uuid, {
      resources: loaded.resources.slice(0, 500).map(({ name }) => change(loaded, name)),
      events: [],
    });
    const written = (await stacks.load(projectScope('project'), loaded.stack.uuid))?.resources ?? [];
    assert.equal(written.length, 2_000);
    assert.equal(written.filter(({ revision }) => revision > 1).length, 500);
  });
});
