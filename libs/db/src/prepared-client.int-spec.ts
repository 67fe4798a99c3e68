import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { testDatabase, type TestDatabase } from '#libs/testing';
import type { QueryRunner } from 'typeorm';
import { UnitOfWork } from './unit-of-work.js';

describe('statements of a connection', () => {
  let database: TestDatabase;
  let runner: QueryRunner;
  before(async () => {
    database = await testDatabase();
    runner = database.source.createQueryRunner();
    await runner.query('CREATE TABLE things (id integer, word text)');
  });
  after(async () => {
    await runner.release();
    await database.close();
  });

  const preparedTexts = async (): Promise<string[]> => {
    const rows: { statement: string }[] = await runner.query('SELECT statement FROM pg_prepared_statements');
    return rows.map(({ statement }) => statement);
  };

  it('are prepared when they come a second time, and answer the same', async () => {
    const text = 'SELECT $1::integer + 1 AS next';
    assert.deepEqual(await runner.query(text, [1]), [{ next: 2 }]);
    assert.equal((await preparedTexts()).includes(text), false);
    assert.deepEqual(await runner.query(text, [2]), [{ next: 3 }]);
    assert.deepEqual(await runner.query(text, [3]), [{ next: 4 }]);
    assert.equal((await preparedTexts()).filter((one) => one === text).length, 1);
  });

  it('tell the number of rows that they changed, and the errors that they met, as before', async () => {
    const insert = 'INSERT INTO things VALUES ($1, $2)';
    for (const id of [1, 2, 3]) await runner.query(insert, [id, 'one']);
    const update = 'UPDATE things SET word = $1 WHERE id > $2';
    for (const least of [0, 1, 2]) assert.equal((await runner.query(update, ['two', least]))[1], 3 - least);
    for (let turn = 0; turn < 3; turn++) await assert.rejects(runner.query('SELECT 1 / $1::integer', [0]), { code: '22012' });
  });

  it('are as many as there is room for: what comes once makes room', async () => {
    for (let column = 0; column < 600; column++) await runner.query(`SELECT $1::integer AS c${column}`, [column]);
    const text = 'SELECT $1::text AS late';
    for (const word of ['a', 'b', 'c']) assert.deepEqual(await runner.query(text, [word]), [{ late: word }]);
    assert.equal((await preparedTexts()).includes(text), true);
  });

  it('go on after a migration that changes what they answer', async () => {
    const text = 'SELECT * FROM things WHERE id = $1';
    for (let turn = 0; turn < 3; turn++) await runner.query(text, [1]);
    await runner.query('ALTER TABLE things ADD COLUMN size integer DEFAULT 7');
    assert.deepEqual(await runner.query(text, [1]), [{ id: 1, word: 'two', size: 7 }]);
  });

  it('and so does a transaction: it is done again', async () => {
    const uow = new UnitOfWork(database.source);
    const text = 'SELECT * FROM things WHERE id = $1 FOR UPDATE';
    const read = async (): Promise<unknown[]> => uow.run(({ manager }) => manager.query(text, [1]));
    for (let turn = 0; turn < 3; turn++) await read();
    await runner.query('ALTER TABLE things ADD COLUMN colour text');
    assert.deepEqual(await read(), [{ id: 1, word: 'two', size: 7, colour: null }]);
  });
});
