export * from './bundle.js';
export * from './kubernetes-version.js';
export * from './network-plan.js';
export * from './node-labels.js';
export * from './types.js';
export * from './upgrade-path.js';
export * from './upgrade-rules.js';
export * from './user-data.js';
