import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Where ledger and cloud do not say the same: kept from one look to the next, so that each is told once. */
export class LedgerFindings1766110000000 implements MigrationInterface {
  readonly name = 'LedgerFindings1766110000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(/* sql */ `
      CREATE TABLE ledger_findings (
        id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
        class text NOT NULL,
        kind text NOT NULL,
        object_id text NOT NULL,
        name text NOT NULL,
        cluster_uuid uuid NOT NULL,
        project_id text NOT NULL,
        resource_uuid uuid,
        node_uuid uuid,
        message text NOT NULL,
        first_seen_at timestamptz NOT NULL DEFAULT now(),
        last_seen_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query(`CREATE UNIQUE INDEX ledger_findings_key ON ledger_findings (class, kind, object_id)`);
    await runner.query(`CREATE INDEX ledger_findings_cluster_idx ON ledger_findings (cluster_uuid)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE ledger_findings`);
  }
}
