import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who runs a request with an `Idempotency-Key` at the moment, and what its transaction has done: for whoever takes over after a crash. */
export class IdempotencyClaims1765100000000 implements MigrationInterface {
  readonly name = 'IdempotencyClaims1765100000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(/* sql */ `
      ALTER TABLE idempotency_keys
        ADD COLUMN claim uuid NOT NULL,
        ADD COLUMN claimed_until timestamptz NOT NULL,
        ADD COLUMN done jsonb`);
    await runner.query(`CREATE UNIQUE INDEX idempotency_keys_claim_idx ON idempotency_keys (claim)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE idempotency_keys DROP COLUMN claim, DROP COLUMN claimed_until, DROP COLUMN done`);
  }
}
