export * from './errors.js';
export * from './resource.js';
export { Graph, GraphCycle, type Direction } from './graph/graph.js';
export { walk, type Slot, type Walk, type WalkOptions, type WalkReport, type WalkState } from './graph/walk.js';
export { TemplateError, type TemplatePlace } from './template/errors.js';
export { parseTemplate, type Template } from './template/template.js';
