export { KeyRing, SecretUnreadable, type RingKey, type Sealed } from './key-ring.js';
export { bootstrapToken, isNodeNonce, isReportToken, nodeNonce, reportToken } from './bootstrap-secrets.js';
