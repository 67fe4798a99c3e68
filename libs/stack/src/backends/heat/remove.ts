import { StackFailed } from '../../errors.js';
import { decideRemoval } from './decide.js';
import { causeOf, failureOf } from './failures.js';
import type { HeatRows } from './heat-rows.js';
import type { HeatWork } from './heat-work.js';
import { removeOurs } from './retained.js';

/** Heat gives up quickly where patience helps: an object in use is let go of within seconds. */
const MOST_TRIES = 5;
const FIRST_PAUSE_MS = 2_000;

/**
 * Removes the stack from Heat, with all that it has.
 * @returns false: it is not in Heat, and not by this removal: objects of it may still stand
 * @throws StackFailed; the reason of a stop; Superseded
 */
export async function removeInHeat(work: HeatWork, rows: HeatRows): Promise<boolean> {
  const { walk } = work;
  let tries = 0;
  let asked = false;
  for (;;) {
    const sight = work.name === '' ? null : await work.look();
    const step = decideRemoval(sight, asked);
    switch (step.kind) {
      case 'gone':
        if (!asked) return false;
        await work.untilCleanedUp();
        await allGone(work);
        return true;
      case 'delete':
        asked = true;
        if (tries++ === 0) await removeOwn(work);
        await work.remove();
        break;
      case 'wait':
        asked = true;
        await work.carry(rows);
        await work.rest('waiting for Heat to remove the stack');
        break;
      case 'failed': {
        await work.carry(rows);
        if (tries >= MOST_TRIES) throw failureIn(work, sight?.reason ?? '');
        await work.pause(FIRST_PAUSE_MS * 2 ** Math.max(0, tries - 1), 'removing', sight?.reason);
        asked = false;
        break;
      }
    }
    walk.throwIfStopped();
  }
}

/** @throws StackFailed */
async function removeOwn(work: HeatWork): Promise<void> {
  try {
    await removeOurs(work.walk);
  } catch (error) {
    work.walk.throwIfStopped();
    throw work.failure(error);
  }
}

async function allGone({ walk }: HeatWork): Promise<void> {
  const gone = { action: 'DELETE', status: 'COMPLETE', statusReason: null, physicalId: null } as const;
  const there = [...walk.rows.values()].filter(
    (row) => row.action !== 'INIT' && !(row.action === 'DELETE' && row.status === 'COMPLETE'),
  );
  await Promise.all(there.map((row) => walk.checkpoint(row, gone)));
}

function failureIn(work: HeatWork, reason: string): StackFailed {
  const { stack, rows, action } = work.walk;
  const failed = [...rows.values()].filter((row) => row.status === 'FAILED' && row.action === 'DELETE');
  if (failed.length === 0) return work.failure(causeOf(reason || 'Heat does not say why'));
  return new StackFailed(
    stack.uuid,
    stack.name,
    action,
    failed.map((row) => failureOf(row, causeOf(row.statusReason ?? ''))),
  );
}
