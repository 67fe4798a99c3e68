import type { RequestContext } from '#libs/domain';
import { StackTreeRepository, type StackEventListing } from '#libs/db';
import { Injectable } from '@nestjs/common';
import type { HeatResource } from './cluster-stacks-view.js';
import { FindStacks, type OpenedStack, type Wanted } from './find-stacks.js';
import { HeatNotFound, ResourceNotFound } from './heat-faults.js';
import { nodesResource, serverResource, type HeatStack } from './heat-stack.js';
import type { FoundEvents, StackDetails } from './heat-view.js';

type Json = Record<string, unknown>;

/** Where a stack is asked for: all three are in the path. */
export interface StackPath {
  readonly project: string;
  readonly name: string;
  readonly id: string;
}

const HIDDEN = '******';
const VERSION = '2021-04-16';
const ALONE: Wanted = { depth: 0, resources: false };
const WITH_RESOURCES: Wanted = { depth: 0, resources: true };

/** What a stack is made of: resources, outputs, template, events. */
@Injectable()
export class ShowStack {
  constructor(
    private readonly finder: FindStacks,
    private readonly stacks: StackTreeRepository,
  ) {}

  async details(ctx: RequestContext, path: StackPath, outputs: boolean): Promise<{ stack: HeatStack; details: StackDetails }> {
    const opened = await this.open(ctx, path, ALONE);
    const { stack, view } = opened;
    const { template, parameters } = await this.documents(opened);
    return {
      stack,
      details: {
        description: text(template['description']),
        parameters: shownParameters(template, parameters),
        timeoutMinutes: view.tree.cluster.createTimeout,
        outputs: outputs ? await this.outputsOf(opened) : null,
      },
    };
  }

  async outputs(ctx: RequestContext, path: StackPath): Promise<Json[]> {
    return this.outputsOf(await this.open(ctx, path, ALONE));
  }

  /** @throws HeatNotFound */
  async output(ctx: RequestContext, path: StackPath, key: string): Promise<Json> {
    const found = (await this.outputs(ctx, path)).find((one) => one['output_key'] === key);
    if (!found) throw new HeatNotFound(`Specified output key ${key} not found.`);
    return found;
  }

  async template(ctx: RequestContext, path: StackPath): Promise<Json> {
    return (await this.documents(await this.open(ctx, path, WITH_RESOURCES))).template;
  }

  async environment(ctx: RequestContext, path: StackPath): Promise<Json> {
    const { template, parameters } = await this.documents(await this.open(ctx, path, WITH_RESOURCES));
    return {
      parameters: Object.fromEntries(Object.entries(parameters).filter(([name]) => !isHidden(template, name))),
      parameter_defaults: {},
      resource_registry: { resources: {} },
      event_sinks: [],
      encrypted_param_names: [],
    };
  }

  async resources(ctx: RequestContext, path: StackPath, depth: number): Promise<HeatResource[]> {
    const { view, stack } = await this.open(ctx, path, { depth, resources: true });
    return view.resources(stack, depth);
  }

  /** @param ident its name, or the id of what it stands for. @throws ResourceNotFound */
  async resource(ctx: RequestContext, path: StackPath, ident: string): Promise<{ resource: HeatResource; opened: OpenedStack }> {
    const opened = await this.open(ctx, path, WITH_RESOURCES);
    const resource = opened.view.resource(opened.stack, ident);
    if (!resource) throw new ResourceNotFound(ident, opened.stack.name);
    return { resource, opened };
  }

  /** What the cloud has told of an object; what the template makes by itself may be a secret and is kept. */
  async attributes(resources: readonly HeatResource[]): Promise<Map<HeatResource, Json>> {
    const told = resources.filter(({ row }) => row && !row.type.startsWith('OS::Heat::'));
    const known = await this.stacks.attributes(told.map(({ row }) => row?.uuid ?? ''));
    return new Map(resources.map((one) => [one, known.get(one.row?.uuid ?? '') ?? {}]));
  }

  /** @param depth above 0: what is nested too */
  async events(
    ctx: RequestContext,
    path: StackPath,
    depth: number,
    wanted: Omit<StackEventListing, 'stacks' | 'prefixes'>,
  ): Promise<FoundEvents> {
    const { scope, view, stack } = await this.open(ctx, path, ALONE);
    const as = (name: string): string => name;
    if (stack.kind === 'nodes' && depth === 0) return { rows: [], stack, as };
    const rowOf = (uuid: string | null): string[] => view.tree.stacks.filter((row) => row.uuid === uuid).map(({ name }) => name);
    const whole = stack.kind === 'row' && !stack.group && depth > 0;
    const names = stack.kind === 'row' ? [stack.row.name] : rowOf(stack.group.stackId);
    const prefix = stack.kind === 'node' ? view.namesOfNode(stack.group, stack.node) : null;
    // The server is shown under the name that Magnum's templates give it.
    const server = stack.kind === 'node' ? serverResource(stack.group) : null;
    const own = (name: string): string => (name === server ? (prefix ?? name) : name);
    const listing = {
      ...wanted,
      resources: wanted.resources?.map(own) ?? null,
      stacks: whole ? null : names,
      prefixes: prefix === null ? null : [prefix],
    };
    const rows = await this.stacks.events(scope, view.tree.cluster.uuid, listing);
    return { rows, stack, as: (name) => (server !== null && name === prefix ? server : name) };
  }

  open(ctx: RequestContext, { project, name, id }: StackPath, wanted: Wanted): Promise<OpenedStack> {
    return this.finder.open(ctx, project, name, id, wanted);
  }

  private async outputsOf(opened: OpenedStack): Promise<Json[]> {
    const { stack, view } = opened;
    const of = (key: string, description: string, value: unknown): Json => ({
      output_key: key,
      description,
      output_value: value,
    });
    if (stack.kind === 'nodes') {
      const servers = view.refsMap(stack.group);
      return [
        of('refs_map', 'Servers by the slots of their nodes', servers),
        of('refs', 'Servers in the order of the slots', Object.values(servers)),
      ];
    }
    if (stack.kind === 'node') return [of('OS::stack_id', 'The server', stack.node.serverId ?? serverResource(stack.group))];
    const { template, outputs } = await this.documents(opened);
    const declared = record(template['outputs']);
    return Object.keys(declared).map((key) =>
      of(key, text(record(declared[key])['description']) || 'No description given', outputs[key] ?? null),
    );
  }

  /** Those of what is nested are made from those of the group's stack. */
  private async documents({ scope, view, stack }: OpenedStack): Promise<{ template: Json; parameters: Json; outputs: Json }> {
    if (stack.kind === 'row') return this.stacks.documents(scope, stack.id);
    const holder = view.tree.stacks.find(({ uuid }) => uuid === stack.group.stackId);
    const whole = holder && stack.kind === 'node' ? (await this.stacks.documents(scope, holder.uuid)).template : {};
    const all = record(whole['resources']);
    const prefix = stack.kind === 'node' ? view.namesOfNode(stack.group, stack.node) : '';
    const names = Object.keys(all).filter((name) => name === prefix || name.startsWith(`${prefix}-`));
    const resources =
      stack.kind === 'nodes'
        ? Object.fromEntries(view.resources(stack, 0).map(({ name, type }) => [name, { type }]))
        : Object.fromEntries(names.map((name) => [name, all[name]]));
    const description =
      stack.kind === 'nodes' ? `Nodes: ${nodesResource(stack.group)} of ${stack.group.name}` : `Node ${stack.node.name}`;
    return { template: { heat_template_version: VERSION, description, resources }, parameters: {}, outputs: {} };
  }
}

/** As text, as Heat has it; hidden ones are named and not told. */
function shownParameters(template: Json, values: Json): Record<string, string> {
  const names = new Set([...Object.keys(record(template['parameters'])), ...Object.keys(values)]);
  return Object.fromEntries(
    [...names].map((name) => {
      const value = values[name] ?? record(record(template['parameters'])[name])['default'] ?? '';
      return [name, isHidden(template, name) ? HIDDEN : typeof value === 'string' ? value : JSON.stringify(value)];
    }),
  );
}

const isHidden = (template: Json, name: string): boolean => record(record(template['parameters'])[name])['hidden'] === true;
const record = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {});
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
