import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What a cluster's Kubernetes has said about what is to outlive it, asked for while it still answers: its nodes go before its
 * volumes, and whoever goes on with the deletion cannot ask any more. Goes with the cluster. See ADR 0014.
 */
export class Reclaims1766300000000 implements MigrationInterface {
  readonly name = 'Reclaims1766300000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(/* sql */ `
      CREATE TABLE cluster_reclaims (
        cluster_uuid uuid PRIMARY KEY CONSTRAINT cluster_reclaims_cluster_fkey REFERENCES clusters (uuid) ON DELETE CASCADE,
        facts jsonb NOT NULL,
        asked_at timestamptz NOT NULL DEFAULT now()
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE cluster_reclaims`);
  }
}
