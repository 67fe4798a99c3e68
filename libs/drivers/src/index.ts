export * from './outputs.js';
export * from './registry.js';
export * from './types.js';
