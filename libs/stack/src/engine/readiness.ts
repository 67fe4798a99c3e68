import { isNotFound } from '#libs/openstack';
import type { Slot } from '../graph/walk.js';
import type { Attributes } from '../resource.js';
import { pollDelayMs } from './retry.js';
import { patiently } from './resource-calls.js';
import type { Row } from './stack-rows.js';
import type { StackWalk } from './stack-walk.js';

/** A cloud of several cells may not know an object yet that it has just made. */
const NOT_SEEN_YET_MS = 10_000;

/** Waits until the object is ready; its attributes. @throws ResourceInError; ResourceTimeout; what the cloud says */
export async function readyAttributes(
  walk: StackWalk,
  row: Row,
  slot: Slot,
  id: string,
  properties: unknown,
): Promise<Attributes> {
  const attributes = await untilReady(walk, row, slot, id, properties);
  return attributes ?? patiently(walk, row, slot, 'reading', () => walk.typeOf(row).read(walk.context(row), id));
}

/** Only what is declared: an answer may hold what must not be stored. Secrets are sealed. */
export function declaredAttributes(walk: StackWalk, row: Row, read: Attributes): Record<string, unknown> {
  const { attributes, secret = [] } = walk.typeOf(row);
  const kept = (name: string): unknown => (secret.includes(name) ? walk.seal(row, read[name]) : read[name]);
  return Object.fromEntries(attributes.filter((name) => read[name] !== undefined).map((name) => [name, kept(name)]));
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
