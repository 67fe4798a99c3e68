import { isNotFound } from '#libs/openstack';
import { definitionOf } from '../../engine/definition.js';
import type { WantedResource, WantedStack } from '../../engine/wanted-stack.js';
import { readyAttributes, declaredAttributes } from '../../engine/readiness.js';
import { patiently } from '../../engine/resource-calls.js';
import { logicalNameOf } from '../../engine/row-names.js';
import type { Row } from '../../engine/stack-rows.js';
import { ResourceInError, ResourceTimeout, StackFailed } from '../../errors.js';
import { decide } from './decide.js';
import { causeOf, failureOf } from './failures.js';
import { finisherOf } from './finish.js';
import { ALONE } from './alone.js';
import type { HeatRows } from './heat-rows.js';
import type { HeatRequest, HeatWork } from './heat-work.js';
import { removeRetainedObject } from './retained.js';

export interface Wish {
  readonly request: HeatRequest;
  readonly wanted: WantedStack;
}

/** Somebody else keeps changing or removing the stack. */
const MOST_ASKED = 10;
/** What Heat still does when it has given a stack up already. */
const WINDING_DOWN_MS = 60_000;

/**
 * Brings Heat's stack to what is wanted, from wherever it is.
 * @returns the outputs
 * @throws StackFailed; the reason of a stop; Superseded
 */
export async function applyInHeat(work: HeatWork, rows: HeatRows, wish: Wish): Promise<Record<string, unknown>> {
  for (let asked = 0; asked < MOST_ASKED;) {
    const sight = await work.look();
    const step = decide(sight, work.remote.token, work.remote.id !== null);
    switch (step.kind) {
      case 'create':
        asked++;
        await work.create(wish.request);
        break;
      case 'update':
        asked++;
        await replaceFailed(work);
        await work.update(wish.request);
        break;
      case 'wait':
        await work.carry(rows);
        await work.rest('waiting for Heat');
        break;
      case 'lost':
        asked++;
        await forget(work);
        break;
      case 'refused':
        throw work.failure(new ResourceInError(step.why));
      case 'failed':
        await windDown(work, rows);
        throw failureIn(work, sight?.reason ?? '');
      case 'done':
        await work.carry(rows, true, true);
        await finish(work, rows, wish);
        return wish.wanted.outputs(work.walk.rows);
    }
  }
  throw work.failure(new ResourceInError('somebody else keeps changing the stack in Heat'));
}

/** Heat takes for good what our rows know to be lost: it has looked when it made it, and not since. */
async function replaceFailed(work: HeatWork): Promise<void> {
  const lost = [...work.walk.rows.values()].filter((row) => row.status === 'FAILED' && !isUndone(row));
  if (lost.length === 0) return;
  const good = new Set(await work.goodResources());
  for (const row of lost.filter(({ name }) => good.has(name))) await work.markUnhealthy(row.name, row.statusReason ?? 'failed');
}

/** Somebody has changed the object: it is brought back as it stands, and not replaced. */
const isUndone = (row: Row): boolean => (definitionOf(row)?.unsure ?? []).length > 0;

/**
 * The stack is not in Heat any more. If its objects have gone with it, it is made again; if they stand, somebody has
 * abandoned it, and what to do with machines that run is not for us to say.
 */
async function forget(work: HeatWork): Promise<void> {
  const { walk } = work;
  const known = [...walk.rows.values()].filter((row) => row.physicalId !== null);
  const standing: Row[] = [];
  for (const row of known) if (await stands(work, row)) standing.push(row);
  const [first] = standing;
  if (first) {
    const others = standing.length > 1 ? ` and ${standing.length - 1} more objects` : '';
    const words = `the stack is no longer in Heat, but ${first.type} ${first.physicalName}${others} of it still stand: nothing was changed`;
    throw work.failure(new ResourceInError(words));
  }
  const gone = { action: 'CREATE', status: 'IN_PROGRESS', statusReason: null, physicalId: null } as const;
  await Promise.all(known.map((row) => walk.checkpoint(row, gone)));
  await work.keep({ ...work.remote, id: null });
}

async function stands({ walk }: HeatWork, row: Row): Promise<boolean> {
  const type = walk.typeOf(row);
  if (type.attributes.length === 0) return false;
  try {
    await patiently(walk, row, ALONE, 'looking whether it is there', () => type.read(walk.context(row), row.physicalId ?? ''));
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

/** Siblings of what has failed come to their end; their ids are worth knowing. */
async function windDown(work: HeatWork, rows: HeatRows): Promise<void> {
  const { walk } = work;
  const until = walk.parts.clock.now() + WINDING_DOWN_MS;
  await work.carry(rows, true);
  const isBusy = (): boolean => [...walk.rows.values()].some((row) => row.status === 'IN_PROGRESS' && !finisherOf(row.type));
  while (isBusy() && walk.parts.clock.now() < until) {
    await work.rest('waiting for Heat');
    await work.carry(rows);
  }
}

function failureIn(work: HeatWork, reason: string): StackFailed {
  const { stack, rows, action } = work.walk;
  const failed = [...rows.values()].filter((row) => row.status === 'FAILED');
  if (failed.length === 0) return work.failure(causeOf(reason || 'Heat does not say why'));
  const failures = failed.map((row) => failureOf(row, causeOf(row.statusReason ?? '')));
  return new StackFailed(stack.uuid, stack.name, action, failures);
}

/** What Heat cannot do; then rows that are not wanted go, and all that are must be complete. */
async function finish(work: HeatWork, rows: HeatRows, { wanted }: Wish): Promise<void> {
  const { walk } = work;
  // One after the other: a load balancer takes one change at a time.
  for (const row of [...walk.rows.values()].filter((one) => isUndone(one) || rows.isUnfinished(one))) {
    const resource = rows.wantedOf(row.name);
    if (!resource || row.physicalId === null) continue;
    const id = row.physicalId;
    const properties = resource.properties();
    const finisher = isUndone(row) ? changedBack(row, resource) : (finisherOf(row.type) ?? nothing);
    try {
      await patiently(walk, row, ALONE, 'finishing', async () => {
        await walk.refence();
        await finisher(walk.context(row), id, properties as Readonly<Record<string, unknown>>);
      });
      const attributes = declaredAttributes(walk, row, await readyAttributes(walk, row, ALONE, id, properties));
      await rows.finish(row, resource, { attributes });
    } catch (error) {
      walk.throwIfStopped();
      await walk.checkpoint(row, { status: 'FAILED', statusReason: `${row.type} ${row.physicalName}: ${walk.words(error)}` });
    }
  }
  await dropUnwanted(work, wanted);
  await failUnlessWhole(work);
}

type Finisher = NonNullable<ReturnType<typeof finisherOf>>;
const nothing: Finisher = () => Promise.resolve();

/** Heat compares templates, not objects: what somebody has changed is set again by the type itself. */
function changedBack(row: Row, { type }: WantedResource): Finisher {
  const names = definitionOf(row)?.unsure ?? [];
  return async (ctx, id, properties) => {
    const values = Object.fromEntries(names.map((name) => [name, properties[name] ?? Reflect.get(type.defaults ?? {}, name)]));
    if ((await type.update(ctx, id, values, properties)) === 'replace') throw new ResourceInError('it cannot be changed back');
  };
}

async function dropUnwanted({ walk }: HeatWork, wanted: WantedStack): Promise<void> {
  for (const row of [...walk.rows.values()].filter(({ name }) => !wanted.has(logicalNameOf(name)))) {
    await removeRetainedObject(walk, row, row.physicalId);
    await walk.checkpoint(row, { action: 'DELETE', status: 'COMPLETE', statusReason: null, physicalId: null });
    await walk.drop(row);
  }
}

async function failUnlessWhole({ walk }: HeatWork): Promise<void> {
  const open = [...walk.rows.values()].filter(({ status }) => status !== 'COMPLETE');
  for (const row of open.filter(({ status }) => status === 'IN_PROGRESS')) {
    const statusReason = `${row.type} ${row.physicalName}: Heat is done, but what it has made cannot be read`;
    await walk.checkpoint(row, { status: 'FAILED', statusReason });
  }
  if (open.length === 0) return;
  const timedOut = open.some(({ statusReason }) => statusReason?.includes('timed out'));
  const causes = open.map((row) =>
    failureOf(row, timedOut ? new ResourceTimeout(row.statusReason ?? '') : causeOf(row.statusReason ?? '')),
  );
  throw new StackFailed(walk.stack.uuid, walk.stack.name, walk.action, causes);
}
