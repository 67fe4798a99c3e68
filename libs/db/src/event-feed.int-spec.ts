import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { projectScope } from '#libs/domain';
import { testDatabase, type TestDatabase } from '#libs/testing';
import pg from 'pg';
import { migrate } from './data-source.js';
import { EventFeedRepository, type EventPosition } from './event-feed.repository.js';
import { Signals } from './signals.js';

const p = projectScope('p');

describe('the events of a cluster', () => {
  let database: TestDatabase;
  let feed: EventFeedRepository;
  const clients: pg.Client[] = [];
  before(async () => {
    database = await testDatabase();
    feed = new EventFeedRepository(database.source);
  });
  after(async () => {
    await Promise.all(clients.map((client) => client.end()));
    await database.close();
  });

  async function connection(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    clients.push(client);
    return client;
  }
  const INSERT = `INSERT INTO events (cluster_uuid, project_id, type, level, message) VALUES ($1, 'p', $3, $4, $2)`;
  const add = async (client: pg.Client, cluster: string, message: string, type = 'test', level = 'info'): Promise<void> => {
    await client.query(INSERT, [cluster, message, type, level]);
  };
  const words = (page: { rows: readonly { message: string }[] }): string[] => page.rows.map((row) => row.message);
  const all = async (cluster: string, from?: EventPosition) =>
    feed.page(p, cluster, from ?? (await feed.positionAfter(cluster, 0)), 100);

  /** Other databases of the server may have transactions of their own under way. */
  async function settled(cluster: string, from?: EventPosition): Promise<{ words: string[]; position: EventPosition }> {
    for (;;) {
      const page = await all(cluster, from);
      if (!page.held) return { words: words(page), position: page.position };
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  it('are all told, also when the one with the lower number is committed last', async () => {
    const cluster = randomUUID();
    const [slow, fast] = [await connection(), await connection()];
    await slow.query('BEGIN');
    await add(slow, cluster, 'first number, last commit');
    await add(fast, cluster, 'second number, first commit');
    const early = await all(cluster);
    assert.deepEqual([words(early), early.held], [[], true], 'the one that is there waits for the one that may come');
    await slow.query('COMMIT');
    const told = await settled(cluster, early.position);
    assert.deepEqual(told.words, ['first number, last commit', 'second number, first commit']);
    assert.deepEqual((await settled(cluster, told.position)).words, []);
  });

  it('are all told when a number was taken before its transaction had one of its own', async () => {
    const cluster = randomUUID();
    const [slow, fast] = [await connection(), await connection()];
    await slow.query('BEGIN');
    // As between the two defaults of one row: the number is taken, the transaction has none yet.
    const [{ id }] = (await slow.query(`SELECT nextval(pg_get_serial_sequence('events', 'id')) AS id`)).rows as [{ id: string }];
    await add(fast, cluster, 'higher number, earlier transaction');
    const seen = await settled(cluster);
    assert.deepEqual(seen.words, ['higher number, earlier transaction']);
    await slow.query(
      `INSERT INTO events (id, cluster_uuid, project_id, type, message) OVERRIDING SYSTEM VALUE VALUES ($1, $2, 'p', 'test', $3)`,
      [id, cluster, 'lower number, later transaction'],
    );
    await slow.query('COMMIT');
    const [higher] = (await all(cluster)).rows;
    assert.ok(Number(id) < (higher?.id ?? 0));
    assert.deepEqual((await settled(cluster, seen.position)).words, ['lower number, later transaction']);
    const resumed = await feed.positionAfter(cluster, higher?.id ?? 0);
    assert.deepEqual(
      (await settled(cluster, resumed)).words,
      ['lower number, later transaction'],
      'by the number of the last one too',
    );
  });

  it('are told again rather than left out after a number that the cluster has not', async () => {
    const cluster = randomUUID();
    const client = await connection();
    for (const message of ['a', 'b']) await add(client, cluster, message);
    const { rows } = await feed.page(p, cluster, (await settled(cluster)).position, 1);
    assert.deepEqual(rows, []);
    const [first] = (await all(cluster)).rows;
    assert.deepEqual((await settled(cluster, await feed.positionAfter(cluster, (first?.id ?? 0) - 1))).words, ['a', 'b']);
    const unknown = await feed.positionAfter(cluster, Number.MAX_SAFE_INTEGER);
    await add(client, cluster, 'c');
    assert.deepEqual((await settled(cluster, unknown)).words, ['c']);
  });

  it('are those of the project, of a type, of a level', async () => {
    const cluster = randomUUID();
    const client = await connection();
    await add(client, cluster, 'a', 'operation.failed', 'error');
    await add(client, cluster, 'b', 'operations', 'warning');
    await add(client, cluster, 'c', 'operation.step');
    await settled(cluster);
    const start = await feed.positionAfter(cluster, 0);
    const ask = async (filter: Parameters<typeof feed.page>[4], scope = p) =>
      words(await feed.page(scope, cluster, start, 9, filter));
    assert.deepEqual(await ask({ type: 'operation' }), ['a', 'c']);
    assert.deepEqual(await ask({ type: 'operation.step' }), ['c']);
    assert.deepEqual(await ask({ level: 'warning' }), ['a', 'b']);
    assert.deepEqual(await ask({ operationUuid: randomUUID() }), []);
    assert.deepEqual(await ask({}, projectScope('other')), []);
  });

  it('wake who listens, once for a transaction and a cluster', async () => {
    const signals = new Signals(database.url);
    await signals.start();
    await signals.listen('events');
    const [one, other] = [randomUUID(), randomUUID()];
    const heard: (string | null)[] = [];
    const client = await connection();
    const done = new Promise<void>((resolve) => {
      signals.on('events', (cluster) => {
        heard.push(cluster);
        if (cluster === other) resolve();
      });
    });
    await client.query('BEGIN');
    for (const cluster of [one, one, other]) await add(client, cluster, 'x');
    await client.query('COMMIT');
    await done;
    assert.deepEqual(heard.toSorted(), [one, other].toSorted());
    await signals.close();
  });

  it('of another server’s history, restored here, are before all that comes', async () => {
    const cluster = randomUUID();
    const client = await connection();
    await add(client, cluster, 'restored');
    await client.query('UPDATE events SET xact = xact + 1000000 WHERE cluster_uuid = $1', [cluster]);
    assert.deepEqual(words(await all(cluster)), []);
    await migrate(database.source);
    await add(client, cluster, 'new');
    assert.deepEqual((await settled(cluster)).words, ['restored', 'new']);
  });
});
