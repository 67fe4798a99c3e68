import { randomUUID } from 'node:crypto';
import {
  isConflict,
  type HeatEvent,
  type HeatResource,
  type HeatStack,
  type HeatStackBody,
  type HeatStackRef,
} from '#libs/openstack';
import { cloudError, type ThingCloud } from '../../../engine/test/things.js';
import { SimulatedProcess } from '../../../engine/test/simulated-process.js';
import { Graph } from '../../../graph/graph.js';
import type { AnyResourceType, ResourceContext } from '../../../resource.js';
import { resolveExpression, type Scope } from '../../../template/expression.js';
import { parameterValues, parseTemplate, type Template } from '../../../template/template.js';

interface SimResource {
  readonly name: string;
  readonly type: string;
  state: string;
  id: string | null;
  reason: string;
  made: string;
  unhealthy: boolean;
}

interface SimStack {
  readonly id: string;
  readonly name: string;
  state: string;
  reason: string;
  tags: string[];
  template: Template;
  readonly parameters: Record<string, unknown>;
  readonly resources: Map<string, SimResource>;
  readonly events: HeatEvent[];
  /** Where its objects' names begin. */
  readonly prefix: string;
}

/**
 * A Heat of convergence's kind over a cloud of things: each look at a stack brings it one resource further. Shaped as the
 * client's `orchestration.stacks`. Simulated: the bench's specs know the real one.
 */
export class SimulatedHeat {
  readonly stacks = new Map<string, SimStack>();
  readonly calls: string[] = [];
  /** Logical names of resources that fail, with Heat's words, as often as the number says. */
  readonly failing = new Map<string, { words: string; times: number }>();
  /** Logical names of resources whose removal fails, as often as the number says. */
  readonly clinging = new Map<string, number>();
  /** Logical names of resources that never end. */
  readonly stuck = new Set<string>();
  /** Answers 409 to updates, as a Heat without convergence does, this often. */
  busy = 0;
  /** Every create and update is answered with it. */
  refusal: unknown;
  private readonly types: ReadonlyMap<string, AnyResourceType>;

  constructor(cloud: ThingCloud) {
    this.types = new Map(cloud.types(new SimulatedProcess()).map((type) => [type.type, type]));
  }

  async create(name: string, body: HeatStackBody): Promise<{ id: string }> {
    this.calls.push('create');
    if (this.refusal) throw this.refusal;
    if ([...this.stacks.values()].some((stack) => stack.name === name && stack.state !== 'DELETE_COMPLETE')) {
      throw cloudError(409, `The Stack (${name}) already exists.`);
    }
    const stack: SimStack = {
      id: randomUUID(),
      name,
      state: 'CREATE_IN_PROGRESS',
      reason: 'Stack CREATE started',
      tags: (body.tags ?? '').split(','),
      template: parseTemplate(body.template),
      parameters: { ...body.parameters },
      resources: new Map(),
      events: [],
      prefix: name.replace(/-[a-z]+$/, ''),
    };
    this.stacks.set(stack.id, stack);
    return { id: stack.id };
  }

  async named(name: string): Promise<HeatStack | null> {
    const stack = [...this.stacks.values()].find((one) => one.name === name && one.state !== 'DELETE_COMPLETE');
    return stack ? shown(stack) : null;
  }

  async get(ref: HeatStackRef): Promise<HeatStack> {
    const stack = this.known(ref);
    await this.advance(stack);
    return shown(stack);
  }

  async update(ref: HeatStackRef, body: HeatStackBody): Promise<void> {
    this.calls.push('update');
    const stack = this.known(ref);
    if (this.refusal) throw this.refusal;
    if (this.busy-- > 0) throw cloudError(409, `Stack ${stack.name} already has an action (CREATE) in progress.`);
    stack.template = parseTemplate(body.template);
    Object.assign(stack.parameters, body.parameters);
    stack.tags = (body.tags ?? '').split(',');
    stack.state = 'UPDATE_IN_PROGRESS';
  }

  async delete(ref: HeatStackRef): Promise<void> {
    this.calls.push('delete');
    const stack = this.stacks.get(ref.id);
    if (stack && stack.state !== 'DELETE_COMPLETE') stack.state = 'DELETE_IN_PROGRESS';
  }

  /** Forgets it; what it has made stays. */
  abandonNow(): void {
    for (const stack of this.stacks.values()) stack.state = 'DELETE_COMPLETE';
  }

  async resources(ref: HeatStackRef): Promise<HeatResource[]> {
    return [...this.known(ref).resources.values()].map(({ name, type, state, reason, id }) => ({
      resource_name: name,
      resource_type: type,
      resource_status: state,
      resource_status_reason: reason,
      physical_resource_id: id ?? '',
    }));
  }

  async events(ref: HeatStackRef): Promise<HeatEvent[]> {
    return this.known(ref).events.slice(-1);
  }

  async markUnhealthy(ref: HeatStackRef, name: string): Promise<void> {
    this.calls.push(`mark ${name}`);
    const resource = this.known(ref).resources.get(name);
    if (resource) Object.assign(resource, { unhealthy: true, state: 'CHECK_FAILED' });
  }

  private known({ id, name }: HeatStackRef): SimStack {
    const stack = this.stacks.get(id);
    if (stack?.name === name) return stack;
    throw cloudError(404, `The Stack (${name}) could not be found.`);
  }

  private async advance(stack: SimStack): Promise<void> {
    const [action] = stack.state.split('_');
    if (!stack.state.endsWith('IN_PROGRESS')) return;
    const graph = graphOf(stack.template);
    const keep = action === 'DELETE' ? [] : inOrder(graph);
    for (const name of keep) {
      if (await this.isAsWanted(stack, name)) continue;
      return this.make(stack, name, action ?? '');
    }
    const leaving = [...stack.resources.values()].filter(({ name }) => !keep.includes(name)).reverse();
    const [next] = leaving;
    if (next) return this.remove(stack, next, action ?? '');
    Object.assign(stack, { state: `${action}_COMPLETE`, reason: `Stack ${action} completed successfully` });
  }

  private async isAsWanted(stack: SimStack, name: string): Promise<boolean> {
    const resource = stack.resources.get(name);
    const made = JSON.stringify(this.properties(stack, name));
    return resource !== undefined && resource.state.endsWith('COMPLETE') && resource.made === made && !resource.unhealthy;
  }

  private async make(stack: SimStack, name: string, action: string): Promise<void> {
    const definition = stack.template.resources.get(name);
    const type = this.types.get(definition?.type ?? '');
    if (!definition || !type) throw new Error(`no type of ${name}`);
    const old = stack.resources.get(name);
    const fresh = { name, type: type.type, state: 'CREATE_IN_PROGRESS', id: null, reason: '', made: '', unhealthy: false };
    const resource: SimResource = old ?? fresh;
    stack.resources.set(name, resource);
    if (this.stuck.has(name)) return this.note(stack, resource, `${old ? action : 'CREATE'}_IN_PROGRESS`);
    const failure = this.failing.get(name);
    if (failure && failure.times-- > 0) {
      this.note(stack, resource, 'CREATE_FAILED', `ResourceInError: resources.${name}: ${failure.words}`);
      Object.assign(stack, { state: `${action}_FAILED`, reason: `Resource ${action} failed: ${resource.reason}` });
      return;
    }
    const properties = this.properties(stack, name);
    const ctx = context(stack, name);
    const inPlace = old?.id && !old.unhealthy && old.state.endsWith('COMPLETE');
    if (inPlace) await type.update(ctx, old.id ?? '', properties, properties);
    else {
      if (old?.id) await type.remove(ctx, old.id);
      const answer = await type.create(ctx, properties);
      resource.id = typeof answer === 'string' ? answer : answer.id;
    }
    resource.made = JSON.stringify(properties);
    resource.unhealthy = false;
    this.note(stack, resource, inPlace ? 'UPDATE_COMPLETE' : 'CREATE_COMPLETE');
  }

  private async remove(stack: SimStack, resource: SimResource, action: string): Promise<void> {
    const clings = this.clinging.get(resource.name) ?? 0;
    if (clings > 0) {
      this.clinging.set(resource.name, clings - 1);
      this.note(stack, resource, 'DELETE_FAILED', `Conflict: resources.${resource.name}: it is in use (HTTP 409)`);
      Object.assign(stack, { state: `${action}_FAILED`, reason: `Resource DELETE failed: ${resource.reason}` });
      return;
    }
    try {
      if (resource.id) await this.types.get(resource.type)?.remove(context(stack, resource.name), resource.id);
    } catch (error) {
      // What uses it is on its way out.
      if (isConflict(error)) return;
      throw error;
    }
    this.note(stack, resource, 'DELETE_COMPLETE');
    stack.resources.delete(resource.name);
  }

  private note(stack: SimStack, resource: SimResource, state: string, reason = 'state changed'): void {
    Object.assign(resource, { state, reason });
    stack.events.push({ id: randomUUID(), event_time: '', resource_name: resource.name, resource_status: state });
  }

  private properties(stack: SimStack, name: string): Record<string, unknown> {
    const given = Object.fromEntries(
      Object.entries(stack.parameters).filter(([key]) => stack.template.parameters.get(key)?.hidden !== true),
    ) as Record<string, string>;
    const hidden = Object.fromEntries(
      Object.entries(stack.parameters).filter(([key]) => stack.template.parameters.get(key)?.hidden === true),
    ) as Record<string, string>;
    const values = parameterValues(stack.template, given, hidden, { uuid: stack.id, name: stack.name, projectId: 'project' });
    const scope: Scope = {
      parameter: (key) => values.get(key),
      resourceId: (other) => stack.resources.get(other)?.id ?? '',
      attribute: (other) => `address of ${other}`,
    };
    const entries = [...(stack.template.resources.get(name)?.properties ?? [])];
    const raw = Object.fromEntries(entries.map(([key, { value }]) => [key, resolveExpression(value, scope)]));
    const type = this.types.get(stack.template.resources.get(name)?.type ?? '');
    return type?.properties.parse(raw) as Record<string, unknown>;
  }
}

const graphOf = (template: Template): Graph =>
  new Graph(new Map([...template.resources.values()].map(({ name, requires }) => [name, requires])));

function inOrder(graph: Graph): string[] {
  const done: string[] = [];
  const visit = (name: string): void => {
    if (done.includes(name)) return;
    for (const before of graph.before(name, 'forward')) visit(before);
    done.push(name);
  };
  for (const name of graph.names) visit(name);
  return done;
}

const shown = ({ id, name, state, reason, tags }: SimStack): HeatStack => ({
  id,
  stack_name: name,
  stack_status: state,
  stack_status_reason: reason,
  deletion_time: state === 'DELETE_COMPLETE' ? 'now' : null,
  tags: [...tags],
});

const context = (stack: SimStack, name: string): ResourceContext =>
  ({ physicalName: `${stack.prefix}-${name}`, logicalName: name, resourceId: '' }) as ResourceContext;
