export * from './errors.js';
export * from './resource.js';
