import type { Sight } from './sight.js';

export type Step =
  | { readonly kind: 'create' | 'update' | 'wait' | 'done' | 'failed' }
  /** It was there and is not any more: somebody else has deleted or abandoned it. */
  | { readonly kind: 'lost' }
  /** Nothing that we do helps; `why` is for people. */
  | { readonly kind: 'refused'; readonly why: string };

/** What a change from outside may interrupt: Heat itself overtakes these with another update, or says that it is busy. */
const OURS_TO_CHANGE = new Set(['CREATE', 'UPDATE', 'ROLLBACK']);

/**
 * What brings Heat's stack nearer to the wanted state that `token` stands for. Pure: all that is known comes in.
 * @param sight null: there is none
 * @param known that there was one
 */
export function decide(sight: Sight | null, token: string, known: boolean): Step {
  if (!sight || (sight.action === 'DELETE' && sight.status === 'COMPLETE')) return { kind: known ? 'lost' : 'create' };
  if (!sight.ours) return { kind: 'refused', why: 'Heat has a stack of that name that Jeroboam did not make' };
  if (sight.action === 'DELETE') {
    if (sight.status === 'IN_PROGRESS') return { kind: 'wait' };
    return { kind: 'refused', why: `somebody has tried to delete the stack in Heat: ${sight.reason}` };
  }
  if (sight.action === 'SUSPEND' && sight.status !== 'IN_PROGRESS') {
    return { kind: 'refused', why: 'the stack is suspended in Heat: resume it first' };
  }
  const asked = sight.token === token;
  switch (sight.status) {
    case 'IN_PROGRESS':
      return { kind: asked || !OURS_TO_CHANGE.has(sight.action) ? 'wait' : 'update' };
    case 'FAILED':
      return { kind: asked ? 'failed' : 'update' };
    default:
      return { kind: asked && sight.action !== 'ROLLBACK' ? 'done' : 'update' };
  }
}

export type RemovalStep = { readonly kind: 'delete' | 'wait' | 'gone' | 'failed' };

/** The same for a removal. @param asked that the removal was asked for after which this was seen */
export function decideRemoval(sight: Sight | null, asked: boolean): RemovalStep {
  if (!sight || !sight.ours) return { kind: 'gone' };
  if (sight.action !== 'DELETE') return { kind: 'delete' };
  switch (sight.status) {
    case 'COMPLETE':
      return { kind: 'gone' };
    case 'FAILED':
      return { kind: asked ? 'failed' : 'delete' };
    default:
      return { kind: 'wait' };
  }
}
