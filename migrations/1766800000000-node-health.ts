import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Since when the cluster itself has said that a node is not Ready: what patience counts from. */
export class NodeHealth1766800000000 implements MigrationInterface {
  readonly name = 'NodeHealth1766800000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE nodes ADD COLUMN not_ready_since timestamptz`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE nodes DROP COLUMN not_ready_since`);
  }
}
