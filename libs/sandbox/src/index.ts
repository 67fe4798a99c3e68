export { startSandbox } from './start.js';
export type { CloudsEntry, Sandbox, SandboxOptions } from './start.js';
export type { AccountName, CatalogEntry } from './identity/seed.js';
export { defaultLatencies, zeroLatencies } from './latencies.js';
export type { Latencies } from './latencies.js';
export type { FaultKind, FaultRule, InjectedFault } from './faults/faults.js';
export type { CallCount, LoggedCall } from './faults/call-log.js';
