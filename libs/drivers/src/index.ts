export * from './api-carrier.js';
export * from './outputs.js';
export * from './registry.js';
export * from './standing.js';
export * from './types.js';
