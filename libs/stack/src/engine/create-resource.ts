import { isNotFound } from '#libs/openstack';
import { ResourceInError } from '../errors.js';
import type { Slot } from '../graph/walk.js';
import type { Attributes, Created } from '../resource.js';
import { declaredAttributes, readyAttributes } from './readiness.js';
import { hasMadeNothing, retryDelayMs } from './retry.js';
import { ensureGone, NEVER_ABORTED, patiently } from './resource-calls.js';
import type { Row } from './stack-rows.js';
import type { StackWalk } from './stack-walk.js';
import type { WantedResource } from './wanted-stack.js';

/**
 * Brings one resource from nothing, or from the middle of a creation, to CREATE COMPLETE. Safe to repeat from every point.
 *
 *   intent committed ─> (find) ─> create ─> id committed ─> poll* ─> read ─> COMPLETE committed
 */
export async function createResource(walk: StackWalk, row: Row, slot: Slot, wanted: WantedResource): Promise<void> {
  walk.checkMayBegin(row, 'creating');
  const properties = wanted.properties();
  if (row.status === 'FAILED' && row.physicalId !== null) await makeRoom(walk, row, slot, properties);

  let id = row.physicalId;
  if (id === null) {
    const made = await obtain(walk, row, slot, wanted, properties);
    if (made.attributes) return complete(walk, row, made.id, made.attributes);
    await walk.checkpoint(row, { physicalId: made.id });
    id = made.id;
  }
  await complete(walk, row, id, await readyAttributes(walk, row, slot, id, properties));
}

/** Finds or creates; the intent is committed before each call that may make something. */
async function obtain(
  walk: StackWalk,
  row: Row,
  slot: Slot,
  wanted: WantedResource,
  properties: unknown,
): Promise<{ id: string; attributes?: Attributes }> {
  const { type } = wanted;
  const made = { definition: { ...wanted.definition }, requires: [...wanted.requires] };
  // An attempt whose end is not known: the object may be there.
  let mustLook = row.attempts > 0;
  for (let attempt = 1; ; attempt++) {
    walk.checkMayBegin(row, 'creating');
    const attempts = row.attempts + 1;
    await walk.checkpoint(row, { action: 'CREATE', status: 'IN_PROGRESS', statusReason: null, attempts, ...made });
    if (mustLook) {
      const found = await patiently(walk, row, slot, 'looking for what an earlier attempt made', () =>
        type.find(walk.context(row), properties),
      );
      if (found !== null) return { id: found };
      mustLook = false;
    }
    await walk.refence();
    try {
      walk.logWrite(row, 'creating');
      const answer: string | Created = await type.create(walk.context(row, NEVER_ABORTED), properties);
      return typeof answer === 'string' ? { id: answer } : answer;
    } catch (error) {
      mustLook = !hasMadeNothing(error);
      const delay = retryDelayMs(error, attempt);
      if (delay === undefined) throw error;
      await walk.wait(row, slot, delay, 'creating', error);
    }
  }
}

/**
 * The row says that the object has failed. If that is still so it is removed, and the row is as if the next attempt were
 * the first to come to its end; if it has recovered, or was only slow, it stays.
 */
async function makeRoom(walk: StackWalk, row: Row, slot: Slot, properties: unknown): Promise<void> {
  const id = row.physicalId as string;
  const type = walk.typeOf(row);
  try {
    await patiently(walk, row, slot, 'looking at what failed before', () => type.poll(walk.context(row), id, properties));
    await walk.checkpoint(row, { action: 'CREATE', status: 'IN_PROGRESS', statusReason: null });
  } catch (error) {
    if (!(error instanceof ResourceInError) && !isNotFound(error)) throw error;
    await ensureGone(walk, row, slot, id);
    await walk.checkpoint(row, { physicalId: null });
  }
}

async function complete(walk: StackWalk, row: Row, physicalId: string, read: Attributes): Promise<void> {
  const attributes = declaredAttributes(walk, row, read);
  await walk.checkpoint(row, { action: 'CREATE', status: 'COMPLETE', statusReason: null, physicalId, attributes });
}
