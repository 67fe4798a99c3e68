import { Conditions } from './conditions.js';
import { TemplateError, type TemplatePlace } from './errors.js';
import { noReferences, type Expression, type References } from './expression.js';
import { isMap } from './functions/reader.js';
import { countOut, ofNewGroup, RESOURCE_GROUP, type Group, type RemovedMembers } from './group.js';
import { convertParameter, parseParameter, PSEUDO_PARAMETERS, type ParameterSchema } from './parameters.js';
import { parseExpression } from './parse-expression.js';

export interface ResourceDefinition {
  readonly name: string;
  readonly type: string;
  readonly properties: ReadonlyMap<string, { readonly value: Expression; readonly references: References }>;
  /** Logical names that must be complete first: `depends_on` and every reference, each once, sorted. */
  readonly requires: readonly string[];
}

export interface OutputDefinition {
  readonly name: string;
  readonly value: Expression;
  readonly references: References;
}

/**
 * A HOT template, read and checked in itself: every name it refers to is there. What a false condition leaves out is not in
 * it; the members of groups are. Types and their properties are the registry's matter.
 */
export interface Template {
  readonly parameters: ReadonlyMap<string, ParameterSchema>;
  readonly resources: ReadonlyMap<string, ResourceDefinition>;
  /** By logical name. */
  readonly groups: ReadonlyMap<string, Group>;
  readonly outputs: ReadonlyMap<string, OutputDefinition>;
}

/** Values by parameter name, hidden ones too, defaults filled in, converted. */
export type ParameterValues = ReadonlyMap<string, unknown>;

/** The last ones, and those that Magnum's templates were written for; what they differ in is not in our subset. */
const VERSIONS = ['2021-04-16', 'wallaby', '2018-08-31', 'rocky', '2018-03-02', 'queens'];
const SECTIONS = new Set([
  'heat_template_version',
  'description',
  'parameter_groups',
  'parameters',
  'conditions',
  'resources',
  'outputs',
]);
const RESOURCE_KEYS = new Set(['type', 'properties', 'depends_on', 'condition']);
const OUTPUT_KEYS = new Set(['value', 'description', 'condition']);
/** The parameters of a template, before there are values for them. @throws TemplateError */
export function parseParameters(document: unknown): Pick<Template, 'parameters'> {
  const definitions = Object.entries(mapOf(checked(document), 'parameters'));
  return { parameters: new Map(definitions.map(([name, definition]) => [name, parseParameter(name, definition)])) };
}

/**
 * Reads a HOT template (a subset) from its parsed document.
 * @param values by which conditions are decided and groups counted out; default: the parameters' own defaults
 * @param removed names that groups may not use
 * @throws TemplateError naming the resource and the property
 */
export function parseTemplate(document: unknown, values?: ParameterValues, removed: RemovedMembers = ofNewGroup): Template {
  const whole = checked(document);
  const { parameters } = parseParameters(whole);
  const conditions = new Conditions(mapOf(whole, 'conditions'), parameters, (name) => {
    const value = values?.get(name) ?? parameters.get(name)?.default;
    if (value === undefined) throw new TemplateError('needs a value', { section: 'parameters', name });
    return value;
  });
  conditions.check();
  const reader = new TemplateReader(parameters, mapOf(whole, 'resources'), conditions, removed);
  return {
    parameters,
    resources: reader.resources(),
    groups: reader.groups,
    outputs: new Map(reader.outputs(mapOf(whole, 'outputs')).map((output) => [output.name, output])),
  };
}

function checked(document: unknown): Record<string, unknown> {
  if (!isMap(document)) throw new TemplateError('the template must be a map');
  const version = String(document['heat_template_version']);
  if (!VERSIONS.includes(version)) throw new TemplateError(`heat_template_version must be ${VERSIONS.join(' or ')}`);
  const stray = Object.keys(document).find((key) => !SECTIONS.has(key));
  if (stray !== undefined) throw new TemplateError(`the section ${stray} is not supported`);
  return document;
}

/**
 * The values for a walk: given, hidden, defaults; and the pseudo parameters.
 * @throws TemplateError one is missing, not declared, of the wrong type, or given in the open though it is hidden
 */
export function parameterValues(
  template: Pick<Template, 'parameters'>,
  given: Readonly<Record<string, unknown>>,
  hidden: Readonly<Record<string, string>>,
  stack: { readonly uuid: string; readonly name: string; readonly projectId: string },
): ParameterValues {
  for (const name of Object.keys(given)) {
    const place = { section: 'parameters', name } as const;
    const schema = template.parameters.get(name);
    if (!schema) throw new TemplateError('is not declared', place);
    if (schema.hidden) throw new TemplateError('is hidden: its value must be given apart from the others', place);
  }
  const values = new Map<string, unknown>([
    ['OS::stack_id', stack.uuid],
    ['OS::stack_name', stack.name],
    ['OS::project_id', stack.projectId],
  ]);
  for (const schema of template.parameters.values()) {
    const value = schema.hidden ? (hidden[schema.name] ?? schema.default) : (given[schema.name] ?? schema.default);
    if (value !== undefined) values.set(schema.name, convertParameter(schema, value));
    else throw new TemplateError('needs a value', { section: 'parameters', name: schema.name });
  }
  return values;
}

/** Resources and outputs of one template. */
class TemplateReader {
  readonly groups = new Map<string, Group>();
  private readonly disabled: ReadonlySet<string>;

  constructor(
    private readonly parameters: ReadonlyMap<string, ParameterSchema>,
    private readonly definitions: Readonly<Record<string, unknown>>,
    private readonly conditions: Conditions,
    private readonly removed: RemovedMembers,
  ) {
    const isDisabled = ([name, definition]: [string, unknown]): boolean =>
      isMap(definition) && this.leavesOut(definition, { section: 'resources', name });
    this.disabled = new Set(
      Object.entries(definitions)
        .filter(isDisabled)
        .map(([name]) => name),
    );
  }

  resources(): Map<string, ResourceDefinition> {
    const all = new Map<string, ResourceDefinition>();
    for (const [name, definition] of Object.entries(this.definitions)) {
      if (this.disabled.has(name)) continue;
      for (const resource of this.resource(name, definition)) {
        const twice = all.has(resource.name) || (resource.name !== name && Object.hasOwn(this.definitions, resource.name));
        if (twice) throw new TemplateError('a member of a group has this name', { section: 'resources', name: resource.name });
        all.set(resource.name, resource);
      }
    }
    return all;
  }

  outputs(definitions: Readonly<Record<string, unknown>>): OutputDefinition[] {
    return Object.entries(definitions).flatMap(([name, definition]) => {
      const place: TemplatePlace = { section: 'outputs', name };
      if (!isMap(definition) || !('value' in definition)) throw new TemplateError('must be a map with a value', place);
      const stray = Object.keys(definition).find((key) => !OUTPUT_KEYS.has(key));
      if (stray !== undefined) throw new TemplateError(`the key ${stray} is not supported`, place);
      if (this.leavesOut(definition, place)) return [];
      const { value = { kind: 'literal' as const, value: null }, references } = this.expression(definition['value'], place);
      const secret = [...references.parameters].find((parameter) => this.parameters.get(parameter)?.hidden);
      if (secret !== undefined) {
        throw new TemplateError(`outputs are stored: they cannot show the hidden parameter ${secret}`, place);
      }
      return [{ name, value, references }];
    });
  }

  /** The resource; of a group its members too. */
  private resource(name: string, definition: unknown): ResourceDefinition[] {
    const place: TemplatePlace = { section: 'resources', name };
    if (name.includes('~')) throw new TemplateError('a logical name cannot contain ~', place);
    if (!isMap(definition)) throw new TemplateError('must be a map', place);
    const { type, properties = {}, depends_on: dependsOn = [] } = definition;
    const stray = Object.keys(definition).find((key) => !RESOURCE_KEYS.has(key));
    if (stray !== undefined) throw new TemplateError(`the key ${stray} is not supported`, place);
    if (typeof type !== 'string') throw new TemplateError('type must be a string', place);
    if (!isMap(properties)) throw new TemplateError('properties must be a map', place);
    const explicit = this.explicit(dependsOn, place);
    if (explicit.includes(name)) throw new TemplateError('needs itself', place);
    return type === RESOURCE_GROUP
      ? this.group(name, properties, explicit)
      : [this.plain(name, type, properties, explicit, place)];
  }

  private plain(
    name: string,
    type: string,
    properties: Readonly<Record<string, unknown>>,
    explicit: readonly string[],
    place: TemplatePlace,
  ): ResourceDefinition {
    const requires = new Set(explicit);
    const parsed = new Map<string, { value: Expression; references: References }>();
    for (const [property, given] of Object.entries(properties)) {
      const { value, references } = this.expression(given, { ...place, property });
      if (value === undefined) continue;
      parsed.set(property, { value, references });
      for (const other of references.resources) requires.add(other);
      for (const { resource } of references.attributes) requires.add(resource);
    }
    if (requires.has(name)) throw new TemplateError('needs itself', place);
    return { name, type, properties: parsed, requires: [...requires].sort() };
  }

  /** Members need what the group needs; the group needs its members, and stands for them. */
  private group(name: string, properties: Readonly<Record<string, unknown>>, explicit: readonly string[]): ResourceDefinition[] {
    const { group, definitions } = countOut(name, properties, this.conditions, this.removed);
    this.groups.set(name, group);
    const members = definitions.flatMap((member) => this.resource(member.name, { ...member.definition, depends_on: explicit }));
    if (members.some(({ requires }) => requires.includes(name))) {
      throw new TemplateError('its members need it', { section: 'resources', name });
    }
    const indices = group.members.map(({ index }) => index);
    const literal = (value: unknown) => ({ value: { kind: 'literal' as const, value }, references: noReferences() });
    const own: ResourceDefinition = {
      name,
      type: RESOURCE_GROUP,
      properties: new Map([
        ['members', literal(indices)],
        ['removed', literal(group.removed)],
      ]),
      requires: [...new Set([...explicit, ...group.members.map((member) => member.name)])].sort(),
    };
    return [...members, own];
  }

  private explicit(dependsOn: unknown, place: TemplatePlace): string[] {
    const names: unknown[] = Array.isArray(dependsOn) ? dependsOn : [dependsOn];
    return names.flatMap((other) => {
      if (typeof other !== 'string') throw new TemplateError('depends_on takes logical names only', place);
      if (!Object.hasOwn(this.definitions, other)) throw new TemplateError(`depends_on: there is no resource ${other}`, place);
      // What is not there need not be waited for.
      return this.disabled.has(other) ? [] : [other];
    });
  }

  private expression(value: unknown, place: TemplatePlace): { value: Expression | undefined; references: References } {
    const references = noReferences();
    const parsed = parseExpression(value, { place, references, holds: this.conditions.holds });
    for (const name of references.parameters) {
      if (!this.parameters.has(name) && !PSEUDO_PARAMETERS.includes(name)) {
        throw new TemplateError(`there is no parameter ${name}`, place);
      }
    }
    for (const name of [...references.resources, ...references.attributes.map(({ resource }) => resource)]) {
      if (!Object.hasOwn(this.definitions, name)) throw new TemplateError(`there is no resource ${name}`, place);
      if (this.disabled.has(name)) throw new TemplateError(`there is no resource ${name}: its condition is false`, place);
    }
    return { value: parsed, references };
  }

  private leavesOut({ condition }: Readonly<Record<string, unknown>>, place: TemplatePlace): boolean {
    return condition !== undefined && !this.conditions.holds(condition, place);
  }
}

function mapOf(
  document: Readonly<Record<string, unknown>>,
  name: 'parameters' | 'conditions' | 'resources' | 'outputs',
): Record<string, unknown> {
  const entries = document[name] ?? {};
  if (!isMap(entries)) throw new TemplateError('must be a map', { section: name });
  return entries;
}
