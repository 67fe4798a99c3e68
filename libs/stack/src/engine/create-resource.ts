import { setMaxListeners } from 'node:events';
import { isNotFound } from '#libs/openstack';
import { ResourceInError } from '../errors.js';
import type { Slot } from '../graph/walk.js';
import type { Attributes, Created } from '../resource.js';
import { hasMadeNothing, pollDelayMs, retryDelayMs } from './retry.js';
import { ensureGone, patiently } from './resource-calls.js';
import type { Row, StackWalk } from './stack-walk.js';

/** A cloud of several cells may not know an object yet that it has just made. */
const NOT_SEEN_YET_MS = 10_000;
/** A request under way is seen to its end, whatever happens: an object whose id nobody read would be lost. */
const NEVER_ABORTED = new AbortController().signal;
setMaxListeners(0, NEVER_ABORTED);

/**
 * Brings one resource from wherever its row says it is to CREATE COMPLETE. Safe to repeat from every point.
 *
 *   intent committed ─> (find) ─> create ─> id committed ─> poll* ─> read ─> COMPLETE committed
 */
export async function createResource(walk: StackWalk, row: Row, slot: Slot): Promise<void> {
  if (row.action === 'CREATE' && row.status === 'COMPLETE') return;
  walk.checkMayBegin(row, 'creating');
  const properties = walk.properties(row);
  if (row.status === 'FAILED' && row.physicalId !== null) await makeRoom(walk, row, slot, properties);

  let id = row.physicalId;
  if (id === null) {
    const made = await obtain(walk, row, slot, properties);
    if (made.attributes) return complete(walk, row, made.id, made.attributes);
    await walk.checkpoint(row, { physicalId: made.id });
    id = made.id;
  }
  const known = id;
  const attributes = await untilReady(walk, row, slot, known, properties);
  const read = (): Promise<Attributes> =>
    patiently(walk, row, slot, 'reading', () => walk.typeOf(row).read(walk.context(row), known));
  await complete(walk, row, known, attributes ?? (await read()));
}

/** Finds or creates; the intent is committed before each call that may make something. */
async function obtain(
  walk: StackWalk,
  row: Row,
  slot: Slot,
  properties: unknown,
): Promise<{ id: string; attributes?: Attributes }> {
  const type = walk.typeOf(row);
  // An attempt whose end is not known: the object may be there.
  let mustLook = row.attempts > 0;
  for (let attempt = 1; ; attempt++) {
    walk.checkMayBegin(row, 'creating');
    await walk.checkpoint(row, { action: 'CREATE', status: 'IN_PROGRESS', statusReason: null, attempts: row.attempts + 1 });
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
      const made: string | Created = await type.create(walk.context(row, NEVER_ABORTED), properties);
      return typeof made === 'string' ? { id: made } : made;
    } catch (error) {
      mustLook = !hasMadeNothing(error);
      const delay = retryDelayMs(error, attempt);
      if (delay === undefined) throw error;
      await walk.wait(row, slot, delay, 'creating', error);
    }
  }
}

/** @returns the attributes, when the poll's answer had them */
async function untilReady(
  walk: StackWalk,
  row: Row,
  slot: Slot,
  id: string,
  properties: unknown,
): Promise<Attributes | undefined> {
  const type = walk.typeOf(row);
  const begun = walk.parts.clock.now();
  for (;;) {
    walk.checkMayBegin(row, 'waiting until it is ready');
    const waited = walk.parts.clock.now() - begun;
    const result = await patiently(walk, row, slot, 'waiting until it is ready', async () => {
      // Some make a part of themselves here: a security group its rules.
      await walk.refence();
      try {
        // Not in the slot: many that wait share one list call.
        return await slot.rest(() => type.poll(walk.context(row), id, properties));
      } catch (error) {
        if (isNotFound(error) && waited < NOT_SEEN_YET_MS && row.action === 'CREATE') return 'pending';
        throw error;
      }
    });
    if (result === 'done') return undefined;
    if (result !== 'pending') return result.attributes;
    await walk.wait(row, slot, pollDelayMs(waited), 'waiting until it is ready');
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
  // Only what is declared: an answer may hold what must not be stored.
  const declared = walk.typeOf(row).attributes;
  const attributes = Object.fromEntries(declared.filter((name) => read[name] !== undefined).map((name) => [name, read[name]]));
  await walk.checkpoint(row, { action: 'CREATE', status: 'COMPLETE', statusReason: null, physicalId, attributes });
}
