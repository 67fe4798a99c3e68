import type { Slot } from '../graph/walk.js';
import { createResource } from './create-resource.js';
import { sameDocument } from './definition.js';
import { nextStep } from './plan.js';
import { removeWithDependants } from './remove-with-dependants.js';
import { clearPlace, replaceResource, restoreResource } from './replace-resource.js';
import type { Row } from './stack-rows.js';
import type { StackWalk } from './stack-walk.js';
import { updateResource } from './update-resource.js';
import type { WantedStack } from './wanted-stack.js';

/**
 * Brings one resource from wherever its rows say it is to what the template wants, step by step; all that it needs is
 * there. Safe to repeat from every point, and with another template.
 */
export async function applyResource(walk: StackWalk, stack: WantedStack, name: string, slot: Slot): Promise<void> {
  const wanted = stack.resource(name, walk.rows);
  /** Objects that turned out not to be changeable in place. */
  const refused = new Set<Row>();
  for (;;) {
    const row = walk.row(name);
    const step = nextStep(row, () => walk.retiredRows(name).filter((other) => !refused.has(other)), wanted);
    switch (step.kind) {
      case 'make':
        if (row.physicalId === null) await clearPlace(walk, slot, stack, wanted);
        await createResource(walk, row, slot, wanted);
        break;
      case 'update':
        if ((await updateResource(walk, row, slot, wanted, step.changed)) === 'replace') {
          refused.add(row);
          await replaceResource(walk, row, slot, stack, wanted);
        }
        break;
      case 'remove':
        await removeWithDependants(walk, row, slot, stack, name);
        break;
      case 'replace':
        await replaceResource(walk, row, slot, stack, wanted);
        break;
      case 'restore':
        await restoreResource(walk, row, step.row);
        break;
      case 'keep':
        if (row.definition === null || !sameDocument(row.requires, wanted.requires)) {
          await walk.checkpoint(row, { definition: { ...wanted.definition }, requires: [...wanted.requires] });
        }
        return;
    }
  }
}
