import type { StoredFailure } from './entities/index.js';
import type { NewEvent } from './events.repository.js';
import type { Lease, Tx, UnitOfWork } from './unit-of-work.js';

export interface StepTurn {
  readonly operationUuid: string;
  /** The step that is complete with this; null: none goes before. */
  readonly before: string | null;
  readonly name: string;
  readonly position: number;
  /** In percent, of the operation. */
  readonly progress: number;
  /** Told when the step is begun for the first time. */
  readonly event: NewEvent;
}

/** The steps of operations, as their conductor writes them. */
export class OperationStepsRepository {
  constructor(private readonly uow: UnitOfWork) {}

  /**
   * The step before is complete and this one begun: both or neither, in one statement.
   * @returns how often this step has been begun, this time included
   * @throws Superseded when someone else has the lease
   */
  async turn(lease: Lease, { operationUuid, before, name, position, progress, event }: StepTurn): Promise<number> {
    const { level = 'info', data = {} } = event;
    const { attempts } = await this.uow.fencedStatement<{ attempts: number }>(lease, TURN, [
      operationUuid,
      before,
      name,
      position,
      progress,
      ...[event.clusterUuid, event.projectId, event.type, level, event.message, JSON.stringify(data)],
    ]);
    return attempts;
  }

  async end(tx: Tx, operationUuid: string, name: string, error: StoredFailure | null): Promise<void> {
    await tx.manager.query(
      `UPDATE operation_steps SET status = $3, error = $4, finished_at = now() WHERE operation_uuid = $1 AND name = $2`,
      [operationUuid, name, error ? 'failed' : 'complete', error ? JSON.stringify(error) : null],
    );
  }
}

/** $4 operation, $5 the step before, $6 to $8 this one, $9 to $14 the event. */
const TURN = /* sql */ `
  ended AS (
    UPDATE operation_steps SET status = 'complete', error = NULL, finished_at = now()
    WHERE operation_uuid = $4::uuid AND name = $5::text AND EXISTS (SELECT FROM held)),
  operation AS (
    UPDATE operations SET step = $6::text, progress = greatest(progress, $8::integer)
    WHERE uuid = $4::uuid AND EXISTS (SELECT FROM held)),
  begun AS (
    INSERT INTO operation_steps AS s (operation_uuid, name, position, status)
    SELECT $4::uuid, $6::text, $7::integer, 'running' FROM held
    ON CONFLICT (operation_uuid, name) DO UPDATE
      SET status = 'running', attempts = s.attempts + 1, error = NULL, finished_at = NULL
    RETURNING attempts),
  told AS (
    INSERT INTO events (cluster_uuid, project_id, operation_uuid, type, level, message, data)
    SELECT $9::uuid, $10::text, $4::uuid, $11::text, $12::text, $13::text, $14::jsonb FROM begun WHERE attempts = 1)
  SELECT EXISTS (SELECT FROM held) AS held, (SELECT attempts FROM begun) AS attempts`;
