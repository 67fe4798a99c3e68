import type { Case, CaseResult } from './case.js';
import type { Recording } from './runner.js';

export type ToWorker =
  | { readonly kind: 'run'; readonly recording: Recording; readonly cases: readonly Case[]; readonly lanes: number }
  | { readonly kind: 'end' };

export type FromWorker =
  | { readonly kind: 'recorded'; readonly recording: Recording }
  | { readonly kind: 'result'; readonly result: CaseResult }
  | { readonly kind: 'done'; readonly cpuMs: number; readonly rssMb: number }
  | { readonly kind: 'broken'; readonly error: string };
