export { migrateQueue, queueBackendName } from './backend.js';
export type { JobsLog, JobsSettings, OperationJob } from './backend.js';
export { OperationQueue } from './operation-queue.js';
export { createOperationWorker } from './operation-worker.js';
export type { JobOutcome, OperationWorker, OperationWorkerOptions } from './operation-worker.js';
