import { isNotFound } from '#libs/openstack';
import { ResourceInError } from '../errors.js';
import type { Slot } from '../graph/walk.js';
import type { UpdateResult } from '../resource.js';
import { definitionOf } from './definition.js';
import { declaredAttributes, readyAttributes } from './readiness.js';
import { NEVER_ABORTED, patiently } from './resource-calls.js';
import type { Row } from './stack-rows.js';
import type { StackWalk } from './stack-walk.js';
import type { WantedResource } from './wanted-stack.js';

/**
 * Changes an object in place until its row is UPDATE COMPLETE. Safe to repeat from every point.
 *
 *   intent committed (with what is unsure from now on) ─> update ─> poll* ─> read ─> COMPLETE committed
 *
 * @param changed may be empty: an earlier update has not been seen to its end
 * @returns `replace` when this object cannot become what is wanted: its type says so, or it has failed or gone
 */
export async function updateResource(
  walk: StackWalk,
  row: Row,
  slot: Slot,
  wanted: WantedResource,
  changed: readonly string[],
): Promise<UpdateResult> {
  walk.checkMayBegin(row, 'updating');
  const { type } = wanted;
  const id = row.physicalId ?? '';
  const given = wanted.properties() as Record<string, unknown>;
  const gone = changed.filter((name) => given[name] === undefined);
  const defaults = { name: row.physicalName, ...type.defaults };
  const properties = { ...given, ...Object.fromEntries(gone.map((name) => [name, Reflect.get(defaults, name)])) };
  if (row.status === 'FAILED' && (await isLost(walk, row, slot, id, properties))) return 'replace';

  const before = definitionOf(row);
  const known = before ?? wanted.definition;
  const definition = { properties: known.properties, unsure: [...new Set([...(known.unsure ?? []), ...changed])] };
  const standing = row.status === 'COMPLETE' ? { action: row.action, definition: row.definition } : undefined;
  await walk.checkpoint(row, { action: 'UPDATE', status: 'IN_PROGRESS', statusReason: null, definition });
  const values = Object.fromEntries(changed.map((name) => [name, properties[name]]));
  const update = async (): Promise<UpdateResult> => {
    await walk.refence();
    walk.logWrite(row, 'updating');
    return type.update(walk.context(row, NEVER_ABORTED), id, values, properties);
  };
  try {
    if (changed.length > 0 && (await patiently(walk, row, slot, 'updating', update)) === 'replace') {
      // It has changed nothing, so that the object may be wanted again as it was.
      if (standing) await walk.checkpoint(row, { ...standing, status: 'COMPLETE' });
      return 'replace';
    }
  } catch (error) {
    // The object, or something that it names?
    if (isNotFound(error) && (await isLost(walk, row, slot, id, properties))) return 'replace';
    throw error;
  }
  const attributes = declaredAttributes(walk, row, await readyAttributes(walk, row, slot, id, properties));
  const made = { definition: { ...wanted.definition }, requires: [...wanted.requires] };
  await walk.checkpoint(row, { action: 'UPDATE', status: 'COMPLETE', statusReason: null, attributes, ...made });
  return 'updated';
}

/** Whether the cloud has given the object up, or has it no longer. */
async function isLost(walk: StackWalk, row: Row, slot: Slot, id: string, properties: unknown): Promise<boolean> {
  try {
    await patiently(walk, row, slot, 'looking whether it is there', () =>
      walk.typeOf(row).poll(walk.context(row), id, properties),
    );
    return false;
  } catch (error) {
    if (error instanceof ResourceInError || isNotFound(error)) return true;
    throw error;
  }
}
