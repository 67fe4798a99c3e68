import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Conflict } from '#libs/domain';
import { QueryRunnerProviderAlreadyReleasedError } from 'typeorm';
import { isDatabaseAway } from './unit-of-work.js';

const withCode = (code: string): Error => Object.assign(new Error('no'), { driverError: { code } });

test('the database is away, and not the statement wrong', () => {
  const away = [
    withCode('08006'),
    withCode('57P01'),
    withCode('25P03'),
    withCode('ECONNREFUSED'),
    new Error('Connection terminated unexpectedly'),
    new QueryRunnerProviderAlreadyReleasedError(),
  ];
  assert.deepEqual(
    away.map(isDatabaseAway),
    away.map(() => true),
  );
  const other = [withCode('23505'), withCode('42601'), new Error('no'), new Conflict('stack-deleted', 'no'), 'no'];
  assert.deepEqual(
    other.map(isDatabaseAway),
    other.map(() => false),
  );
});
