import type { Case, CaseResult } from './case.js';
import type { Traces } from './runner.js';

export type ToWorker =
  { readonly kind: 'run'; readonly cases: readonly Case[]; readonly lanes: number } | { readonly kind: 'end' };

export type FromWorker =
  | { readonly kind: 'recorded'; readonly traces: Traces; readonly cpuMs: number }
  | { readonly kind: 'result'; readonly result: CaseResult }
  | { readonly kind: 'done'; readonly cpuMs: number; readonly rssMb: number }
  | { readonly kind: 'broken'; readonly error: string };
