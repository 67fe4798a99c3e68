import { TemplateError, type TemplatePlace } from './errors.js';
import { resolveExpression, type Call, type Expression, type References, type Scope } from './expression.js';

export interface ReadContext {
  readonly place: TemplatePlace;
  readonly references: References;
  /** Reads an argument that may hold functions itself. */
  readonly inner: (value: unknown) => Expression;
}

/** Reads a function's arguments as they stand in the template. */
type Read = (argument: unknown, context: ReadContext) => Call;

const isName = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `{ get_param: name }` or `{ get_param: [name, key or index, ...] }` */
const getParam: Read = (argument, { place, references, inner }) => {
  const [name, ...path] = Array.isArray(argument) ? (argument as unknown[]) : [argument];
  if (!isName(name)) throw new TemplateError('get_param needs the name of a parameter, or a list that begins with one', place);
  references.parameters.add(name);
  const steps = path.map(inner);
  return (scope) => follow(scope.parameter(name), steps, scope, `parameter ${name}`, place);
};

/** `{ get_resource: logical name }`: the id of the object */
const getResource: Read = (argument, { place, references }) => {
  if (!isName(argument)) throw new TemplateError('get_resource needs the logical name of a resource', place);
  references.resources.add(argument);
  return (scope) => scope.resourceId(argument);
};

/** `{ get_attr: [logical name, attribute, key or index, ...] }` */
const getAttr: Read = (argument, { place, references, inner }) => {
  const [resource, attribute, ...path] = Array.isArray(argument) ? (argument as unknown[]) : [];
  if (!isName(resource) || !isName(attribute)) {
    throw new TemplateError('get_attr needs a list: logical name, attribute, and what to take of it', place);
  }
  references.attributes.push({ resource, attribute, place });
  const steps = path.map(inner);
  return (scope) => follow(scope.attribute(resource, attribute), steps, scope, `attribute ${attribute} of ${resource}`, place);
};

/** `{ list_join: [delimiter, list, ...more lists] }`: strings of all lists, in order, with the delimiter between them */
const listJoin: Read = (argument, { place, inner }) => {
  const [delimiter, ...lists] = Array.isArray(argument) ? (argument as unknown[]) : [];
  if (typeof delimiter !== 'string' || lists.length === 0) {
    throw new TemplateError('list_join needs a list: delimiter, then one or more lists', place);
  }
  const parts = lists.map(inner);
  return (scope) =>
    parts
      .flatMap((part) => {
        const list = resolveExpression(part, scope);
        if (!Array.isArray(list)) throw new TemplateError('list_join takes lists only', place);
        return list.map((item: unknown) => text(item, 'list_join', place));
      })
      .join(delimiter);
};

/**
 * `{ str_replace: { template, params: { key: value } } }`: the longest key wins, and what was put in is not searched again.
 * Source: heat/engine/hot/functions.py, class Replace.
 */
const strReplace: Read = (argument, { place, inner }) => {
  if (!isMap(argument) || !('template' in argument) || !isMap(argument['params'])) {
    throw new TemplateError('str_replace needs a map with template and params', place);
  }
  const template = inner(argument['template']);
  const params = Object.entries(argument['params']).map(([key, value]) => [key, inner(value)] as const);
  if (params.some(([key]) => key === '')) throw new TemplateError('str_replace cannot replace an empty string', place);
  const keys = params.map(([key]) => key).sort((a, b) => b.length - a.length);
  const pattern =
    keys.length === 0 ? undefined : new RegExp(keys.map((key) => key.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|'), 'g');
  return (scope) => {
    const whole = resolveExpression(template, scope);
    if (typeof whole !== 'string') throw new TemplateError('str_replace: template must be a string', place);
    if (!pattern) return whole;
    const values = new Map(params.map(([key, value]) => [key, text(resolveExpression(value, scope), 'str_replace', place)]));
    return whole.replace(pattern, (key) => values.get(key) ?? key);
  };
};

/** By name: a new function is a reader above and a line here. */
export const functions: ReadonlyMap<string, Read> = new Map([
  ['get_param', getParam],
  ['get_resource', getResource],
  ['get_attr', getAttr],
  ['list_join', listJoin],
  ['str_replace', strReplace],
]);

/** HOT's other functions: refused by name, for taken as plain maps they would reach the cloud as such. */
export const notSupported: ReadonlySet<string> = new Set([
  'get_file',
  'resource_facade',
  'str_replace_strict',
  'str_replace_vstrict',
  'str_split',
  'digest',
  'repeat',
  'map_merge',
  'map_replace',
  'yaql',
  'list_concat',
  'list_concat_unique',
  'filter',
  'contains',
  'make_url',
  'equals',
]);

function follow(start: unknown, steps: readonly Expression[], scope: Scope, what: string, place: TemplatePlace): unknown {
  let value = start;
  let path = what;
  for (const step of steps) {
    const key = resolveExpression(step, scope);
    path += `.${String(key)}`;
    const next: unknown =
      Array.isArray(value) && Number.isInteger(Number(key))
        ? (value as unknown[])[Number(key)]
        : isMap(value) && Object.hasOwn(value, String(key))
          ? value[String(key)]
          : undefined;
    if (next === undefined) throw new TemplateError(`there is no ${path}`, place);
    value = next;
  }
  return value;
}

/** As Heat writes values into text: numbers and booleans as such, lists and maps as JSON, nothing for null. */
function text(value: unknown, name: string, place: TemplatePlace): string {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
    case 'boolean':
      return String(value);
    case 'object':
      return value === null ? '' : JSON.stringify(value);
    default:
      throw new TemplateError(`${name} cannot take a value of type ${typeof value}`, place);
  }
}
