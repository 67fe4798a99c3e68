import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which nodes are unwell, since when and why: what a repair replaces. */
export class UnhealthyNodes1766100000000 implements MigrationInterface {
  readonly name = 'UnhealthyNodes1766100000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE nodes ADD COLUMN unhealthy_since timestamptz, ADD COLUMN unhealthy_reason text`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE nodes DROP COLUMN unhealthy_since, DROP COLUMN unhealthy_reason`);
  }
}
