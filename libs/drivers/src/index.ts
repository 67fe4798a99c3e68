export * from './types.js';
export * from './outputs.js';
