import { randomUUID } from 'node:crypto';
import { UnitOfWork, type ClusterEntity, type OperationEntity } from '#libs/db';
import type { TestDatabase } from '#libs/testing';
import { pino } from 'pino';
import type { OperationContext } from '../src/operations/operation.js';

/** A step's context without lease: writes are plain units of work. */
export function stepContext(
  database: TestDatabase,
  cluster: ClusterEntity,
  overrides: Partial<OperationContext> = {},
): OperationContext {
  const uow = new UnitOfWork(database.source);
  const operation = { uuid: randomUUID(), clusterUuid: cluster.uuid, kind: 'create', request: {} } as OperationEntity;
  return {
    operation,
    cluster,
    lease: { name: `cluster:${cluster.uuid}`, owner: 'test', epoch: '1' },
    signal: new AbortController().signal,
    deadline: new Date(Date.now() + 60_000),
    attempt: 1,
    log: pino({ level: 'silent' }),
    write: (unit) => uow.run(unit),
    awaiting: () => undefined,
    ...overrides,
  };
}
