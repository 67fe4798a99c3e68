export { databaseUrl, startEmbeddedPostgres, type EmbeddedPostgres, type EmbeddedPostgresOptions } from './embedded-postgres.js';
export { freePort } from './free-port.js';
export { DrivenClock } from './driven-clock.js';
export { startTestServer, testDatabase, type TestDatabase } from './test-database.js';
