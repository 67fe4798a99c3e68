import { randomUUID } from 'node:crypto';
import type { NewStack } from '#libs/db';
import { allProjects, Conflict, InvalidInput, physicalName } from '#libs/domain';
import { StackFailed } from '../errors.js';
import { applyResource } from './apply-resource.js';
import { checkStack } from './check-stack.js';
import { definitionOf, sameDocument } from './definition.js';
import { deleteResource, dropResource } from './delete-resource.js';
import { removalGraph, rowsToAdd, rowsToRemove } from './plan.js';
import type { StackRef, StackRun, StackState } from './run.js';
import type { Row } from './stack-rows.js';
import { StackWalk, type EngineParts } from './stack-walk.js';
import { asInvalidInput } from './validate.js';
import { WantedStack } from './wanted-stack.js';

/**
 * Makes, changes and removes what a template describes. Every state is a row before it is a fact in the cloud, so that a walk may
 * end at any instruction and another engine goes on: nothing twice, nothing left.
 */
export class StackEngine {
  private readonly walks = new Map<string, StackWalk>();

  constructor(private readonly parts: EngineParts) {}

  /**
   * Makes the stack, or goes on making it, or brings it from whatever its rows say to what is wanted now; what is there
   * already as it is wanted is not asked for again. First all that is made or changed, then what goes.
   * @returns the outputs
   * @throws InvalidInput `invalid-template` before anything is stored or made; StackFailed with the root causes, when all
   *   that was under way has ended; Superseded, when the lease is lost: nothing is asked of the cloud any more; the reason
   *   of `run.signal`; Conflict the stack is being deleted
   */
  async apply(ref: StackRef, run: StackRun): Promise<Record<string, unknown>> {
    run.signal.throwIfAborted();
    const given = WantedStack.read(ref, run.hidden, this.parts.registry);
    const loaded = await this.parts.store.open(run.lease, newStack(ref, given));
    const { stack } = loaded;
    if (stack.action === 'DELETE') {
      throw new Conflict('stack-deleted', `the stack ${stack.name} is being deleted`, { stackUuid: stack.uuid });
    }
    const isSame = sameDocument([stack.template, stack.parameters], [ref.template, ref.parameters]);
    if (isSame && stack.status === 'COMPLETE') return stack.outputs;

    const own = { ...ref, uuid: stack.uuid };
    const walk = new StackWalk(this.parts, run, isSame && stack.action === 'CREATE' ? 'CREATE' : 'UPDATE', loaded);
    const again = stack.uuid !== ref.uuid || given.needsRows;
    const wanted = again ? WantedStack.read(own, run.hidden, this.parts.registry, loaded.resources, walk.open) : given;
    return this.within(walk, async () => {
      await this.plan(walk, own, wanted, isSame);
      await walk.walk(wanted.graph, 'forward', (name, slot) => applyResource(walk, wanted, name, slot));
      const leaving = removalGraph(rowsToRemove(walk.rows.values(), wanted));
      await walk.walk(leaving, 'reverse', (name, slot) => dropResource(walk, name, slot));
      return wanted.outputs(walk.rows);
    });
  }

  /**
   * Removes what the stack's rows know of, in reverse; how far it was made does not matter. A stack that is not there is
   * removed already. The row stays, as DELETE COMPLETE.
   * @throws as `apply`
   */
  async delete(ref: Pick<StackRef, 'uuid'>, run: StackRun): Promise<void> {
    run.signal.throwIfAborted();
    const loaded = await this.parts.store.load(allProjects('the engine works under a lease'), ref.uuid);
    if (!loaded || (loaded.stack.action === 'DELETE' && loaded.stack.status === 'COMPLETE')) return;
    const walk = new StackWalk(this.parts, run, 'DELETE', loaded);
    await this.within(walk, async () => {
      await this.begin(walk);
      const all = removalGraph(walk.rows.values());
      await walk.walk(all, 'reverse', (name, slot) => deleteResource(walk, walk.row(name), slot));
      return undefined;
    });
  }

  /**
   * Looks whether what the rows say is there still is, one call for each resource, and writes down what is not: the next
   * `apply` makes it again, or brings it back to what it was. Changes nothing in the cloud. Rows that are not
   * complete are left alone: `apply` looks at them anyway.
   * @param which rows by type; the others are taken to be there
   * @returns what was found, one sentence each
   * @throws as `apply`
   */
  async check(ref: Pick<StackRef, 'uuid'>, run: StackRun, which?: (type: string) => boolean): Promise<string[]> {
    run.signal.throwIfAborted();
    const loaded = await this.parts.store.load(allProjects('the engine works under a lease'), ref.uuid);
    if (!loaded || loaded.stack.action === 'DELETE') return [];
    return checkStack(new StackWalk(this.parts, run, 'UPDATE', loaded), which);
  }

  /** What the walk over this stack does now; undefined: this engine walks none. */
  state(stackUuid: string): StackState | undefined {
    return this.walks.get(stackUuid)?.state();
  }

  /** Commits what is wanted, with a row for each resource that has none, and the stack's own state. */
  private async plan(walk: StackWalk, ref: StackRef, wanted: WantedStack, isSame: boolean): Promise<void> {
    const rows = [...walk.rows.values()];
    const added = rowsToAdd(rows, wanted, randomUUID, (name) => physicalName(clusterOf(ref), name));
    const { uuid: stackId, clusterUuid } = walk.stack;
    this.parts.log?.info({ stackId, clusterUuid, resources: wanted.graph.size, added: added.length }, 'planning a stack');
    const documents = isSame ? {} : { template: { ...ref.template }, parameters: ref.parameters };
    const change = { action: walk.action, status: 'IN_PROGRESS', statusReason: null, ...documents } as const;
    const begun = isSame && added.length === 0 ? this.begin(walk) : walk.stackCheckpoint(change, added);
    // In the same transaction: from now on nobody remembers whose id it was that a policy lists.
    await Promise.all([begun, ...groupsToNote(walk, wanted).map(([row, definition]) => walk.checkpoint(row, { definition }))]);
  }

  private async begin(walk: StackWalk): Promise<void> {
    const { stack, action } = walk;
    if (stack.action === action && stack.status === 'IN_PROGRESS') return;
    await walk.stackCheckpoint({ action, status: 'IN_PROGRESS', statusReason: null });
  }

  /** The end of a walk in the stack's own row: COMPLETE with outputs, or FAILED with the root cause. */
  private async within(
    walk: StackWalk,
    work: () => Promise<Record<string, unknown> | undefined>,
  ): Promise<Record<string, unknown>> {
    const { action, stack } = walk;
    this.walks.set(stack.uuid, walk);
    try {
      const outputs = await work();
      await walk.stackCheckpoint({ action, status: 'COMPLETE', statusReason: null, outputs });
      return outputs ?? {};
    } catch (error) {
      const failure = asInvalidInput(error);
      if (failure instanceof StackFailed || failure instanceof InvalidInput) {
        await walk.stackCheckpoint({ action, status: 'FAILED', statusReason: walk.words(failure) });
      }
      throw failure;
    } finally {
      this.walks.delete(stack.uuid);
    }
  }
}

/** Groups whose rows do not know yet which members are not to come again. */
function groupsToNote(walk: StackWalk, wanted: WantedStack): [Row, Row['definition']][] {
  return [...wanted.removedMembers].flatMap(([name, removed]): [Row, Row['definition']][] => {
    const row = walk.rows.get(name);
    const { properties = {} } = (row && definitionOf(row)) ?? {};
    const before = (properties['removed'] ?? []) as readonly string[];
    if (!row || sameDocument(before, removed)) return [];
    return [[row, { ...row.definition, properties: { members: [], ...properties, removed: [...removed] } }]];
  });
}

const clusterOf = (ref: StackRef): { name: string; uuid: string } => ({ name: ref.clusterName, uuid: ref.clusterUuid });

/** The rows of a stack that is not there yet. */
export function newStack(ref: StackRef, wanted: WantedStack): NewStack {
  return {
    uuid: ref.uuid,
    clusterUuid: ref.clusterUuid,
    nodeGroupUuid: ref.nodeGroupUuid,
    projectId: ref.projectId,
    name: ref.name,
    template: { ...ref.template },
    parameters: ref.parameters,
    resources: rowsToAdd([], wanted, randomUUID, (name) => physicalName(clusterOf(ref), name)),
  };
}
