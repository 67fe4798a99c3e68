import { rootOf, type ErrorCode } from '#libs/domain';
import type { StackState } from '#libs/stack';

/** What a step waits for, and the code of what keeps it waiting, where that is known. */
export type Awaited = string | { readonly words: string; readonly cause?: ErrorCode | undefined };

const MOST = 3;

/** The first few, and how many more: what a reason may hold. */
export function boundedList(items: readonly string[], most = MOST): string {
  const shown = items.slice(0, most).join(', ');
  return items.length > most ? `${shown} and ${items.length - most} more` : shown;
}

/** What walks over stacks wait for, the oldest first. */
export function awaitedOf(states: readonly (StackState | undefined)[]): { words: string; cause: ErrorCode | undefined } {
  const waiting = states.flatMap((state) => state?.waitingFor ?? []).toSorted((a, b) => a.since.getTime() - b.since.getTime());
  const troubles = waiting.map(({ why }) => rootOf(why)).filter((root) => root !== undefined);
  return {
    words: boundedList(waiting.map(({ type, physicalName, doing }) => `${type} ${physicalName} (${doing})`)),
    cause: troubles[0]?.cause ?? troubles[0]?.code,
  };
}
