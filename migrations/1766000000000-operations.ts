import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Operations that can be aborted, tried again and told of in the end; events that can be followed without missing one.
 *
 * `events.xact` is the transaction that wrote the row. Ids are handed out before the commit, so a reader that goes by them
 * can pass one that is committed later. Rows of transactions older than every running one are final, and in the order
 * (xact, id) nothing is ever put before them: see ADR 0015.
 */
export class Operations1766000000000 implements MigrationInterface {
  readonly name = 'Operations1766000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE operations ADD COLUMN result jsonb, ADD COLUMN retry_of uuid, ADD COLUMN aborted_by text`);
    // Two statements: a constant default rewrites no rows.
    await runner.query(`ALTER TABLE events ADD COLUMN xact bigint NOT NULL DEFAULT 0`);
    await runner.query(`ALTER TABLE events ALTER COLUMN xact SET DEFAULT pg_current_xact_id()::text::bigint`);
    await runner.query(`DROP INDEX events_cluster_idx`);
    await runner.query(`CREATE INDEX events_cluster_idx ON events (cluster_uuid, xact, id)`);
    await runner.query(`CREATE INDEX events_operation_idx ON events (operation_uuid, xact, id) WHERE operation_uuid IS NOT NULL`);
    await runner.query(/* sql */ `
      CREATE FUNCTION notify_events() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        PERFORM pg_notify('jeroboam_events', cluster_uuid::text) FROM (SELECT DISTINCT cluster_uuid FROM added) AS told;
        RETURN NULL;
      END $$`);
    await runner.query(/* sql */ `
      CREATE TRIGGER events_notify AFTER INSERT ON events REFERENCING NEW TABLE AS added
      FOR EACH STATEMENT EXECUTE FUNCTION notify_events()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TRIGGER events_notify ON events`);
    await runner.query(`DROP FUNCTION notify_events`);
    await runner.query(`DROP INDEX events_operation_idx`);
    await runner.query(`DROP INDEX events_cluster_idx`);
    await runner.query(`CREATE INDEX events_cluster_idx ON events (cluster_uuid, id)`);
    await runner.query(`ALTER TABLE events DROP COLUMN xact`);
    await runner.query(`ALTER TABLE operations DROP COLUMN result, DROP COLUMN retry_of, DROP COLUMN aborted_by`);
  }
}
