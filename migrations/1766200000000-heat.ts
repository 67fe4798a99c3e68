import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A stack that another service builds: how that one knows it, and which wanted state it was asked for last. */
export class Heat1766200000000 implements MigrationInterface {
  readonly name = 'Heat1766200000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE stacks ADD COLUMN remote jsonb`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE stacks DROP COLUMN remote`);
  }
}
