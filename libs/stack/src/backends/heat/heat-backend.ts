import { randomUUID } from 'node:crypto';
import { allProjects, Conflict, InvalidInput, physicalName } from '#libs/domain';
import type { LoadedStack } from '#libs/db';
import { sameDocument } from '../../engine/definition.js';
import { rowsToAdd } from '../../engine/plan.js';
import type { StackRef, StackRun, StackState } from '../../engine/run.js';
import { newStack } from '../../engine/stack-engine.js';
import { StackWalk, type EngineParts } from '../../engine/stack-walk.js';
import { asInvalidInput } from '../../engine/validate.js';
import { WantedStack } from '../../engine/wanted-stack.js';
import { StackFailed } from '../../errors.js';
import type { StackBackend } from '../backend.js';
import { applyInHeat, type Wish } from './apply.js';
import { HeatRows } from './heat-rows.js';
import { HeatWork, stateIn, type Remote } from './heat-work.js';
import { heatTemplate } from './heat-template.js';
import { removeInHeat } from './remove.js';
import { shareHidden } from './share-hidden.js';
import { heatName } from './sight.js';

export interface HeatBackendParts extends EngineParts {
  /** Removes what Heat has forgotten, from the rows alone. */
  readonly native: StackBackend;
  /** Shortest time between two looks at one stack. Default: half a second. */
  readonly lookEveryMs?: number | undefined;
}

/**
 * Stacks through the cloud's own Heat: the same templates, rows and events as our engine's. Heat does the work; this asks
 * for it once, watches, and writes down what it sees. What is wanted is known by a token, committed before Heat is asked and
 * carried by the stack as a tag: whoever goes on after a crash sees whether Heat has been asked, and asks nothing twice.
 */
export class HeatBackend implements StackBackend {
  private readonly walks = new Map<string, { walk: StackWalk; since: Map<string, Date> }>();

  constructor(private readonly parts: HeatBackendParts) {}

  async apply(ref: StackRef, run: StackRun): Promise<Record<string, unknown>> {
    run.signal.throwIfAborted();
    const given = WantedStack.read(ref, run.hidden, this.parts.registry);
    if (given.needsRows) {
      throw new InvalidInput(
        'invalid-template',
        'groups and random strings are for the native backend: Heat nests them otherwise',
      );
    }
    const loaded = await this.parts.store.open(run.lease, { ...newStack(ref, given), backend: 'heat' });
    const { stack } = loaded;
    if (stack.action === 'DELETE') {
      throw new Conflict('stack-deleted', `the stack ${stack.name} is being deleted`, { stackUuid: stack.uuid });
    }
    const isSame = sameDocument([stack.template, stack.parameters], [ref.template, ref.parameters]);
    if (isSame && stack.status === 'COMPLETE') return stack.outputs;

    const own = { ...ref, uuid: stack.uuid };
    const wanted = stack.uuid === ref.uuid ? given : WantedStack.read(own, run.hidden, this.parts.registry);
    const walk = new StackWalk(this.parts, run, isSame && stack.action === 'CREATE' ? 'CREATE' : 'UPDATE', loaded);
    const before = remoteOf(loaded);
    const goesOn = isSame && stack.status === 'IN_PROGRESS' && before.token !== '';
    const name = before.name || heatName(physicalName({ name: ref.clusterName, uuid: ref.clusterUuid }, stack.name));
    const remote = goesOn ? before : { ...before, name, token: randomUUID().slice(0, 8) };
    return this.within(walk, run, async () => {
      await this.plan(walk, own, wanted, isSame, remote);
      const { template, parts } = heatTemplate(ref.template, (name) => walk.context(walk.row(name)));
      const shared = shareHidden(template, run.hidden);
      const wish: Wish = { request: { template: shared.template, parameters: { ...ref.parameters, ...shared.hidden } }, wanted };
      return applyInHeat(this.work(walk, remote), new HeatRows(walk, wanted, parts), wish);
    });
  }

  async delete(ref: Pick<StackRef, 'uuid'>, run: StackRun): Promise<void> {
    run.signal.throwIfAborted();
    const loaded = await this.parts.store.load(allProjects('the engine works under a lease'), ref.uuid);
    if (!loaded || (loaded.stack.action === 'DELETE' && loaded.stack.status === 'COMPLETE')) return;
    const walk = new StackWalk(this.parts, run, 'DELETE', loaded);
    let left = false;
    await this.within(walk, run, async () => {
      await walk.stackCheckpoint({ action: 'DELETE', status: 'IN_PROGRESS', statusReason: null });
      left = !(await removeInHeat(this.work(walk, remoteOf(loaded)), new HeatRows(walk, undefined, new Map())));
      return left ? null : undefined;
    });
    if (left) await this.parts.native.delete(ref, run);
  }

  /** The rows and objects are the same as our engine's, and so is the look at them. */
  async check(ref: Pick<StackRef, 'uuid'>, run: StackRun, which?: (type: string) => boolean): Promise<string[]> {
    return (await this.parts.native.check?.(ref, run, which)) ?? [];
  }

  state(stackUuid: string): StackState | undefined {
    const one = this.walks.get(stackUuid);
    return one ? stateIn(one.walk, one.since) : this.parts.native.state(stackUuid);
  }

  /** Commits what is wanted and by which token, with a row for each resource that has none. */
  private async plan(walk: StackWalk, ref: StackRef, wanted: WantedStack, isSame: boolean, remote: Remote): Promise<void> {
    const cluster = { name: ref.clusterName, uuid: ref.clusterUuid };
    const added = rowsToAdd([...walk.rows.values()], wanted, randomUUID, (name) => physicalName(cluster, name));
    const { uuid: stackId, clusterUuid } = walk.stack;
    this.parts.log?.info(
      { stackId, clusterUuid, resources: wanted.graph.size, added: added.length },
      'planning a stack for Heat',
    );
    const isNew = isSame && added.length === 0 && walk.stack.action === walk.action && walk.stack.status === 'IN_PROGRESS';
    if (isNew) return walk.keepRemote({ ...remote });
    const documents = isSame ? {} : { template: { ...ref.template }, parameters: ref.parameters };
    const state = { action: walk.action, status: 'IN_PROGRESS', statusReason: null } as const;
    await walk.stackCheckpoint({ ...state, ...documents, remote: { ...remote } }, added);
  }

  private work(walk: StackWalk, remote: Remote): HeatWork {
    return new HeatWork(walk, remote, this.parts.lookEveryMs);
  }

  /** @param work null: something is left, and what comes next writes the stack's end */
  private async within(
    walk: StackWalk,
    run: StackRun,
    work: () => Promise<Record<string, unknown> | undefined | null>,
  ): Promise<Record<string, unknown>> {
    const { action, stack } = walk;
    const stop = (): void => walk.stop(run.signal.reason);
    run.signal.addEventListener('abort', stop, { once: true });
    if (run.signal.aborted) stop();
    this.walks.set(stack.uuid, { walk, since: new Map() });
    try {
      const outputs = await work();
      if (outputs !== null) await walk.stackCheckpoint({ action, status: 'COMPLETE', statusReason: null, outputs });
      return outputs ?? {};
    } catch (error) {
      if (walk.signal.aborted) throw walk.signal.reason;
      const failure = asInvalidInput(error);
      if (failure instanceof StackFailed || failure instanceof InvalidInput) {
        await walk.stackCheckpoint({ action, status: 'FAILED', statusReason: walk.words(failure) });
      }
      throw failure;
    } finally {
      run.signal.removeEventListener('abort', stop);
      this.walks.delete(stack.uuid);
    }
  }
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

function remoteOf({ stack: { remote } }: LoadedStack): Remote {
  return { name: text(remote?.['name']), id: text(remote?.['id']) || null, token: text(remote?.['token']) };
}
