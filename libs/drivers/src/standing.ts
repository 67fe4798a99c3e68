import type { HotParameter, HotResource, HotTemplate, StackPlan } from './types.js';

/** A stack as it was last asked for. */
export interface StoredPlan {
  readonly template: Readonly<Record<string, unknown>>;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** A node of the plan: the logical name of its server, with which the names of all that is its own begin. */
export interface PlannedNode {
  readonly logicalName: string;
  readonly leaving: boolean;
}

/**
 * What stands is rendered as it was made, whatever this release would make of it: only nodes that are new, or whose server does
 * not stand, are rendered anew. References stay references, so that what a standing node is connected to may still change.
 *
 * @param plan as this release renders all nodes
 * @param stored as the stack was rendered last; undefined: it is new
 * @param stands whether the resource of that logical name is in the cloud, complete
 */
export function keepStanding(
  plan: StackPlan,
  stored: StoredPlan | undefined,
  nodes: readonly PlannedNode[],
  stands: (logicalName: string) => boolean,
): StackPlan {
  const before = (stored?.template ?? {}) as Partial<HotTemplate>;
  const old = before.resources ?? {};
  const resources: Record<string, HotResource> = { ...plan.template.resources };
  const kept: HotResource[] = [];
  for (const { logicalName, leaving } of nodes) {
    if (!Object.hasOwn(old, logicalName) || !stands(logicalName)) continue;
    const isOwn = (name: string): boolean => name === logicalName || name.startsWith(`${logicalName}-`);
    const rendered = Object.keys(resources).filter(isOwn);
    for (const name of rendered) Reflect.deleteProperty(resources, name);
    for (const [name, resource] of Object.entries(old)) {
      // Who leaves gives up what is taken from the leaving: a place in the pool.
      if (!isOwn(name) || (leaving && !rendered.includes(name))) continue;
      resources[name] = resource;
      kept.push(resource);
    }
  }
  if (kept.length === 0) return plan;
  return { ...plan, ...withParameters(plan, resources, before.parameters ?? {}, stored?.parameters ?? {}, parametersOf(kept)) };
}

/** What the kept resources need and the plan no longer has comes along with its value; of hidden ones nobody has it any more. */
function withParameters(
  plan: StackPlan,
  resources: Readonly<Record<string, HotResource>>,
  schemas: Readonly<Record<string, HotParameter>>,
  values: Readonly<Record<string, unknown>>,
  needed: ReadonlySet<string>,
): Pick<StackPlan, 'template' | 'parameters'> {
  const along = [...needed].filter((name) => !Object.hasOwn(plan.template.parameters, name) && Object.hasOwn(schemas, name));
  const schemaOf = (name: string): HotParameter => {
    const schema = schemas[name] as HotParameter;
    return schema.hidden ? { ...schema, default: '' } : schema;
  };
  const given = along.filter((name) => Object.hasOwn(values, name));
  return {
    template: {
      ...plan.template,
      parameters: { ...plan.template.parameters, ...Object.fromEntries(along.map((name) => [name, schemaOf(name)])) },
      resources,
    },
    parameters: {
      ...plan.parameters,
      ...Object.fromEntries(given.map((name) => [name, values[name] as StackPlan['parameters'][string]])),
    },
  };
}

/** Names in `{ get_param: name }` and `{ get_param: [name, ...] }`, however deep. */
function parametersOf(value: unknown, found = new Set<string>()): ReadonlySet<string> {
  if (Array.isArray(value)) for (const item of value as unknown[]) parametersOf(item, found);
  else if (typeof value === 'object' && value !== null) {
    const name = [(value as Record<string, unknown>)['get_param']].flat()[0];
    if (typeof name === 'string') found.add(name);
    for (const item of Object.values(value)) parametersOf(item, found);
  }
  return found;
}
