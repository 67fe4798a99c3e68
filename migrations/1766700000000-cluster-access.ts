import type { MigrationInterface, QueryRunner } from 'typeorm';

/** When the groups of our users were bound to roles in a cluster. See ADR 0024. */
export class ClusterAccess1766700000000 implements MigrationInterface {
  readonly name = 'ClusterAccess1766700000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(/* sql */ `ALTER TABLE clusters ADD COLUMN access_bound_at timestamptz`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE clusters DROP COLUMN access_bound_at`);
  }
}
