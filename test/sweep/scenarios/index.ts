import { OPERATION_KINDS, type OperationKind } from '#libs/domain';
import { addons } from './addons.js';
import { createAgain, resizeAgain } from './again.js';
import { create, remove } from './create-delete.js';
import { createGroup, deleteGroup, updateGroup } from './node-groups.js';
import { repair } from './repair.js';
import { resize } from './resize.js';
import { rotateCa } from './rotate-ca.js';
import { rotateCredential } from './rotate-credential.js';
import type { Scenario } from './scenario.js';
import { rollback, update } from './update.js';
import { upgrade } from './upgrade.js';

/** Every kind of operation and the ways in which it is swept. A kind that is not here fails the suite. */
export const SCENARIOS: Partial<Record<OperationKind, readonly Scenario[]>> = {
  create: [...create, ...createAgain],
  delete: remove,
  resize: [...resize, ...resizeAgain],
  update,
  rollback,
  'node-group-create': createGroup,
  'node-group-update': updateGroup,
  'node-group-delete': deleteGroup,
  'rotate-credential': rotateCredential,
  'rotate-ca': rotateCa,
  upgrade,
  repair,
  addons,
};

/** @throws Error a kind of operation has no scenario, or two scenarios have one name */
export function allScenarios(nightly: boolean): Scenario[] {
  const missing = OPERATION_KINDS.filter((kind) => !SCENARIOS[kind]?.length);
  if (missing.length > 0) throw new Error(`test/sweep/scenarios: nothing sweeps ${missing.join(', ')}`);
  const all = Object.values(SCENARIOS).flat();
  const names = new Set(all.map((scenario) => scenario.name));
  if (names.size !== all.length) throw new Error('test/sweep/scenarios: two scenarios have one name');
  return all.filter((scenario) => nightly || !scenario.nightly);
}
