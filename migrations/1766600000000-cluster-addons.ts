import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The add-ons of clusters: what is wanted of each, and what its cluster has of it. `inventory` names every object that was
 * applied or is about to be, so that nothing is left when a version or the add-on goes. See ADR 0022.
 */
export class ClusterAddons1766600000000 implements MigrationInterface {
  readonly name = 'ClusterAddons1766600000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(/* sql */ `
      CREATE TABLE cluster_addons (
        cluster_uuid uuid NOT NULL CONSTRAINT cluster_addons_cluster_fkey REFERENCES clusters (uuid) ON DELETE CASCADE,
        project_id text NOT NULL,
        name text NOT NULL,
        enabled boolean NOT NULL,
        version text,
        pinned boolean NOT NULL DEFAULT false,
        status text NOT NULL,
        status_reason text,
        installed_version text,
        checksum text,
        inventory jsonb NOT NULL DEFAULT '[]',
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (cluster_uuid, name)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE cluster_addons`);
  }
}
