import { randomUUID } from 'node:crypto';
import type { NewStack } from '#libs/db';
import { allProjects, Conflict, InvalidInput, physicalName } from '#libs/domain';
import { StackFailed } from '../errors.js';
import { Graph } from '../graph/graph.js';
import { resolveExpression } from '../template/expression.js';
import { parameterValues, parseTemplate } from '../template/template.js';
import { createResource } from './create-resource.js';
import { deleteResource } from './delete-resource.js';
import type { StackRef, StackRun, StackState } from './run.js';
import { StackWalk, type EngineParts } from './stack-walk.js';
import { asInvalidInput, validateTemplate } from './validate.js';

/**
 * Makes and removes what a template describes. Every state is a row before it is a fact in the cloud, so that a walk may
 * end at any instruction and another engine goes on: nothing twice, nothing left.
 */
export class StackEngine {
  private readonly walks = new Map<string, StackWalk>();

  constructor(private readonly parts: EngineParts) {}

  /**
   * Makes the stack, or goes on making it; what is complete is not asked for again.
   * @returns the outputs
   * @throws InvalidInput `invalid-template` before anything is made; StackFailed with the root causes, when all that was
   *   under way has ended; Superseded, when the lease is lost: nothing is asked of the cloud any more; the reason of
   *   `run.signal`; Conflict the stack is being deleted
   */
  async create(ref: StackRef, run: StackRun): Promise<Record<string, unknown>> {
    run.signal.throwIfAborted();
    const loaded = await this.parts.store.open(run.lease, this.plan(ref, run));
    const { stack } = loaded;
    if (stack.action === 'DELETE') {
      throw new Conflict('stack-deleted', `the stack ${stack.name} is being deleted`, { stackUuid: stack.uuid });
    }
    if (stack.action === 'CREATE' && stack.status === 'COMPLETE') return stack.outputs;

    return this.within(new StackWalk(this.parts, run, 'CREATE', loaded), async (walk) => {
      walk.readTemplate();
      await walk.walk('forward', (row, slot) => createResource(walk, row, slot));
      return { outputs: outputsOf(walk) };
    });
  }

  /**
   * Removes what the stack's rows know of, in reverse; how far it was made does not matter. A stack that is not there is
   * removed already. The row stays, as DELETE COMPLETE.
   * @throws as `create`
   */
  async delete(ref: Pick<StackRef, 'uuid'>, run: StackRun): Promise<void> {
    run.signal.throwIfAborted();
    const loaded = await this.parts.store.load(allProjects('the engine works under a lease'), ref.uuid);
    if (!loaded || (loaded.stack.action === 'DELETE' && loaded.stack.status === 'COMPLETE')) return;
    await this.within(new StackWalk(this.parts, run, 'DELETE', loaded), async (walk) => {
      await walk.walk('reverse', (row, slot) => deleteResource(walk, row, slot));
      return {};
    });
  }

  /** What the walk over this stack does now; undefined: this engine walks none. */
  state(stackUuid: string): StackState | undefined {
    return this.walks.get(stackUuid)?.state();
  }

  /** The stack's own row around a walk: IN_PROGRESS, then COMPLETE with outputs or FAILED with the root cause. */
  private async within(
    walk: StackWalk,
    work: (walk: StackWalk) => Promise<{ outputs?: Record<string, unknown> }>,
  ): Promise<Record<string, unknown>> {
    const { action, stack } = walk;
    this.walks.set(stack.uuid, walk);
    try {
      if (stack.action !== action || stack.status !== 'IN_PROGRESS') {
        await walk.stackCheckpoint({ action, status: 'IN_PROGRESS', statusReason: null });
      }
      const { outputs } = await work(walk);
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

  /** The rows of a stack that is not there yet. @throws InvalidInput */
  private plan(ref: StackRef, run: StackRun): NewStack {
    try {
      const template = parseTemplate(ref.template);
      validateTemplate(template, this.parts.registry, parameterValues(template, ref.parameters, run.hidden, ref));
      const resources = [...template.resources.values()];
      const graph = new Graph(new Map(resources.map(({ name, requires }) => [name, requires])));
      this.parts.log?.info({ stackId: ref.uuid, clusterUuid: ref.clusterUuid, resources: graph.size }, 'planning a stack');
      const cluster = { name: ref.clusterName, uuid: ref.clusterUuid };
      return {
        uuid: ref.uuid,
        clusterUuid: ref.clusterUuid,
        nodeGroupUuid: ref.nodeGroupUuid,
        projectId: ref.projectId,
        name: ref.name,
        template: ref.template as Record<string, unknown>,
        parameters: ref.parameters,
        resources: resources.map(({ name, type, requires }) => ({
          uuid: randomUUID(),
          name,
          type,
          physicalName: physicalName(cluster, name),
          requires: [...requires],
        })),
      };
    } catch (error) {
      throw asInvalidInput(error);
    }
  }
}

function outputsOf(walk: StackWalk): Record<string, unknown> {
  const { template, scope } = walk.readTemplate();
  return Object.fromEntries([...template.outputs.values()].map(({ name, value }) => [name, resolveExpression(value, scope)]));
}
