import { TemplateError, type TemplatePlace } from './errors.js';
import { noReferences, type Expression, type References } from './expression.js';
import { convertParameter, parseParameter, type ParameterSchema } from './parameters.js';
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

/** A HOT template, read and checked in itself: every name it refers to is there. Types and their properties are the registry's matter. */
export interface Template {
  readonly parameters: ReadonlyMap<string, ParameterSchema>;
  readonly resources: ReadonlyMap<string, ResourceDefinition>;
  readonly outputs: ReadonlyMap<string, OutputDefinition>;
}

/** Values by parameter name, hidden ones too, defaults filled in, converted. */
export type ParameterValues = ReadonlyMap<string, unknown>;

const VERSIONS = ['2021-04-16', 'wallaby'];
const SECTIONS = new Set(['heat_template_version', 'description', 'parameter_groups', 'parameters', 'resources', 'outputs']);
const RESOURCE_KEYS = new Set(['type', 'properties', 'depends_on']);
const OUTPUT_KEYS = new Set(['value', 'description']);
/** What every template may ask for without declaring it. */
const PSEUDO_PARAMETERS = ['OS::stack_id', 'OS::stack_name', 'OS::project_id'];

/**
 * Reads a HOT template (version 2021-04-16, a subset) from its parsed document.
 * @throws TemplateError naming the resource and the property
 */
export function parseTemplate(document: unknown): Template {
  if (!isMap(document)) throw new TemplateError('the template must be a map');
  const version = String(document['heat_template_version']);
  if (!VERSIONS.includes(version)) throw new TemplateError(`heat_template_version must be ${VERSIONS.join(' or ')}`);
  const stray = Object.keys(document).find((key) => !SECTIONS.has(key));
  if (stray !== undefined) throw new TemplateError(`the section ${stray} is not supported`);

  const parameters = section(document, 'parameters', parseParameter);
  const names = new Set(Object.keys(isMap(document['resources']) ? document['resources'] : {}));
  const known: Known = { parameters: new Set([...parameters.keys(), ...PSEUDO_PARAMETERS]), resources: names };
  return {
    parameters,
    resources: section(document, 'resources', (name, definition) => parseResource(name, definition, known)),
    outputs: section(document, 'outputs', (name, definition) => parseOutput(name, definition, known, parameters)),
  };
}

/**
 * The values for a walk: given, hidden, defaults; and the pseudo parameters.
 * @throws TemplateError one is missing, not declared, of the wrong type, or given in the open though it is hidden
 */
export function parameterValues(
  template: Template,
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

interface Known {
  readonly parameters: ReadonlySet<string>;
  readonly resources: ReadonlySet<string>;
}

function parseResource(name: string, definition: unknown, known: Known): ResourceDefinition {
  const place: TemplatePlace = { section: 'resources', name };
  if (name.includes('~')) throw new TemplateError('a logical name cannot contain ~', place);
  if (!isMap(definition)) throw new TemplateError('must be a map', place);
  const { type, properties = {}, depends_on: dependsOn = [] } = definition;
  const stray = Object.keys(definition).find((key) => !RESOURCE_KEYS.has(key));
  if (stray !== undefined) throw new TemplateError(`the key ${stray} is not supported`, place);
  if (typeof type !== 'string') throw new TemplateError('type must be a string', place);
  if (!isMap(properties)) throw new TemplateError('properties must be a map', place);
  const explicit: unknown[] = Array.isArray(dependsOn) ? dependsOn : [dependsOn];

  const requires = new Set<string>();
  for (const other of explicit) {
    if (typeof other !== 'string') throw new TemplateError('depends_on takes logical names only', place);
    if (!known.resources.has(other)) throw new TemplateError(`depends_on: there is no resource ${other}`, place);
    requires.add(other);
  }
  const parsed = new Map<string, { value: Expression; references: References }>();
  for (const [property, value] of Object.entries(properties)) {
    const at = { ...place, property };
    const references = noReferences();
    parsed.set(property, { value: parseExpression(value, at, references), references });
    checkReferences(references, known, at);
    for (const other of references.resources) requires.add(other);
    for (const { resource } of references.attributes) requires.add(resource);
  }
  if (requires.has(name)) throw new TemplateError('needs itself', place);
  return { name, type, properties: parsed, requires: [...requires].sort() };
}

function parseOutput(
  name: string,
  definition: unknown,
  known: Known,
  parameters: ReadonlyMap<string, ParameterSchema>,
): OutputDefinition {
  const place: TemplatePlace = { section: 'outputs', name };
  if (!isMap(definition) || !('value' in definition)) throw new TemplateError('must be a map with a value', place);
  const stray = Object.keys(definition).find((key) => !OUTPUT_KEYS.has(key));
  if (stray !== undefined) throw new TemplateError(`the key ${stray} is not supported`, place);
  const references = noReferences();
  const value = parseExpression(definition['value'], place, references);
  checkReferences(references, known, place);
  const secret = [...references.parameters].find((parameter) => parameters.get(parameter)?.hidden);
  if (secret !== undefined) throw new TemplateError(`outputs are stored: they cannot show the hidden parameter ${secret}`, place);
  return { name, value, references };
}

function checkReferences(references: References, known: Known, place: TemplatePlace): void {
  for (const name of references.parameters) {
    if (!known.parameters.has(name)) throw new TemplateError(`there is no parameter ${name}`, place);
  }
  for (const name of [...references.resources, ...references.attributes.map(({ resource }) => resource)]) {
    if (!known.resources.has(name)) throw new TemplateError(`there is no resource ${name}`, place);
  }
}

function section<T>(
  document: Record<string, unknown>,
  name: 'parameters' | 'resources' | 'outputs',
  parse: (name: string, definition: unknown) => T,
): Map<string, T> {
  const entries = document[name] ?? {};
  if (!isMap(entries)) throw new TemplateError('must be a map', { section: name });
  return new Map(Object.entries(entries).map(([key, definition]) => [key, parse(key, definition)]));
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
