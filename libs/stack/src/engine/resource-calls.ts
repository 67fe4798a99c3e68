import { setMaxListeners } from 'node:events';
import { Transient } from '#libs/domain';
import { isConflict } from '#libs/openstack';
import type { Slot } from '../graph/walk.js';
import { pollDelayMs, removalDelayMs, retryDelayMs } from './retry.js';
import type { Row } from './stack-rows.js';
import type { StackWalk } from './stack-walk.js';

/** A request under way is seen to its end, whatever happens: an object whose id nobody read would be lost. */
export const NEVER_ABORTED = new AbortController().signal;
setMaxListeners(0, NEVER_ABORTED);

/** Makes a call that may be repeated, again and again while that may help, until the deadline. */
export async function patiently<T>(
  walk: StackWalk,
  row: Row,
  slot: Slot,
  doing: string,
  call: () => Promise<T>,
  delayMs: (error: unknown, attempt: number) => number | undefined = retryDelayMs,
  onRetry?: (error: unknown) => Promise<void>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    walk.checkMayBegin(row, doing);
    try {
      return await call();
    } catch (error) {
      const delay = delayMs(error, attempt);
      if (delay === undefined) throw error;
      await onRetry?.(error);
      await walk.wait(row, slot, delay, doing, error);
    }
  }
}

/** How often a removal has been refused because something uses the object. */
export type Refused = (times: number) => Promise<void>;

/** Removes an object and waits until it is gone; waits for those that still use it. The reason of the waiting is in the row. */
export async function ensureGone(walk: StackWalk, row: Row, slot: Slot, id: string, refused?: Refused): Promise<void> {
  let refusals = 0;
  const type = walk.typeOf(row);
  const remove = async (): Promise<void> => {
    await walk.refence();
    walk.logWrite(row, 'removing');
    await type.remove(walk.context(row), id);
  };
  const keepReason = async (error: unknown): Promise<void> => {
    const statusReason = walk.words(error);
    if (row.statusReason !== statusReason) await walk.checkpoint(row, { statusReason });
    if (isInUse(error)) await refused?.(++refusals);
  };
  await patiently(walk, row, slot, 'removing', remove, removalDelayMs, keepReason);
  if (!type.gone) return;
  const begun = walk.parts.clock.now();
  const gone = async (): Promise<boolean> => {
    await walk.refence();
    return slot.rest(async () => type.gone?.(walk.context(row), id) ?? true);
  };
  while (!(await patiently(walk, row, slot, 'waiting until it is gone', gone))) {
    await walk.wait(row, slot, pollDelayMs(walk.parts.clock.now() - begun), 'waiting until it is gone');
  }
}

/** As the services say it, and as plugins do that know it for passing. */
const isInUse = (error: unknown): boolean => isConflict(error) || (error instanceof Transient && isConflict(error.cause));
