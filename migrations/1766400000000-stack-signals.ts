import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What machines have told the wait condition handles of stacks, each once by its id. Goes with the handle. See ADR 0018. */
export class StackSignals1766400000000 implements MigrationInterface {
  readonly name = 'StackSignals1766400000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(/* sql */ `
      CREATE TABLE stack_signals (
        resource_uuid uuid NOT NULL CONSTRAINT stack_signals_resource_fkey REFERENCES stack_resources (uuid) ON DELETE CASCADE,
        id text NOT NULL,
        status text NOT NULL,
        reason text,
        data text,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (resource_uuid, id)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE stack_signals`);
  }
}
