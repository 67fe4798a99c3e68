export * from './entities/index.js';
export { createDataSource, migrate, type DatabaseSettings } from './data-source.js';
export { isForeignKeyViolation, isUniqueViolation, sqlState, UnitOfWork, type Lease, type Tx } from './unit-of-work.js';
export { SecretStore, SERVICE_OWNER, type Sealer, type SecretOwner } from './secret-store.js';
export { Signals, type Channel } from './signals.js';
export { values } from './values.js';
export { StacksRepository, type StackSummary } from './stacks.repository.js';
export type * from './stacks.store.js';
