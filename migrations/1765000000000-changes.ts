import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What changing a cluster needs: what each stack resource was made from, nodes that are leaving, a revision for every
 * resource that has an ETag, and the answers kept for `Idempotency-Key`.
 */
export class Changes1765000000000 implements MigrationInterface {
  readonly name = 'Changes1765000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE stack_resources ADD COLUMN definition jsonb`);
    await runner.query(`ALTER TABLE nodes ADD COLUMN facts jsonb, ADD COLUMN leaving_since timestamptz`);
    await runner.query(`ALTER TABLE quotas ADD COLUMN revision integer NOT NULL DEFAULT 1`);
    await runner.query(/* sql */ `
      CREATE TABLE idempotency_keys (
        project_id text NOT NULL,
        user_id text NOT NULL,
        key text NOT NULL,
        method text NOT NULL,
        path text NOT NULL,
        request_hash text NOT NULL,
        resource_uuid uuid NOT NULL,
        status integer,
        headers jsonb NOT NULL DEFAULT '{}',
        body text,
        created_at timestamptz NOT NULL DEFAULT now(),
        answered_at timestamptz,
        PRIMARY KEY (project_id, user_id, key)
      )`);
    await runner.query(`CREATE INDEX idempotency_keys_age_idx ON idempotency_keys (created_at)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE idempotency_keys`);
    await runner.query(`ALTER TABLE quotas DROP COLUMN revision`);
    await runner.query(`ALTER TABLE nodes DROP COLUMN facts, DROP COLUMN leaving_since`);
    await runner.query(`ALTER TABLE stack_resources DROP COLUMN definition`);
  }
}
