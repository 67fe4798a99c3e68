export {
  databaseUrl,
  freePort,
  startEmbeddedPostgres,
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
} from './embedded-postgres.js';
export { DrivenClock } from './driven-clock.js';
export { startTestServer, testDatabase, type TestDatabase } from './test-database.js';
