import type { StackState } from '#libs/stack';

const MOST = 3;

/** The first few, and how many more: what a reason may hold. */
export function boundedList(items: readonly string[], most = MOST): string {
  const shown = items.slice(0, most).join(', ');
  return items.length > most ? `${shown} and ${items.length - most} more` : shown;
}

/** What walks over stacks wait for, the oldest first. */
export function awaitedOf(states: readonly (StackState | undefined)[]): string {
  const waiting = states
    .flatMap((state) => state?.waitingFor ?? [])
    .toSorted((a, b) => a.since.getTime() - b.since.getTime())
    .map(({ type, physicalName, doing }) => `${type} ${physicalName} (${doing})`);
  return boundedList(waiting);
}
