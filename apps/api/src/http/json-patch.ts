import { InvalidInput, parsePythonLiteral } from '#libs/domain';
import { z } from 'zod';
import { isPlainObject, pythonRepr } from './python-repr.js';
import { patternText } from './wire.js';

/**
 * Magnum's PATCH: a list of add, replace and remove on an object of attributes. Not RFC 6902: values are text, whole
 * numbers and booleans; maps come as text holding a Python literal. Source: magnum/api/controllers/v1/types.py
 * (JsonPatchType), magnum/api/utils.py (apply_jsonpatch); reference section 6.
 */
export type PatchValue = string | number | boolean;
export interface PatchOperation {
  readonly op: 'add' | 'replace' | 'remove';
  /** `/labels/a` is `['labels', 'a']`. */
  readonly path: readonly string[];
  readonly value: PatchValue | undefined;
}

const PATH = /^(\/[\w-]+)+$/;
const OPS = ['add', 'replace', 'remove'] as const;
const MAX_OPERATIONS = 1000;

/** The body of a PATCH as it comes. What it may touch is judged by `applyPatch`. */
export const patchBody: z.ZodType<PatchOperation[]> = z
  .unknown()
  .transform((value, ctx): PatchOperation[] => {
    try {
      return readPatch(value);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      ctx.addIssue({ code: 'custom', message: error.message });
      return z.NEVER;
    }
  })
  .meta({
    id: 'Patch',
    description: 'Changes in their order',
    type: 'array',
    items: {
      type: 'object',
      required: ['op', 'path'],
      additionalProperties: false,
      properties: {
        op: { type: 'string', enum: [...OPS], description: 'add only where there is nothing yet' },
        path: { type: 'string', pattern: PATH.source, description: 'The attribute: `/node_count`, `/labels/kube_tag`' },
        value: {
          type: ['string', 'integer', 'boolean'],
          description: 'Needed by add and replace. Maps as text: `{"a": "1"}`, Python spelling is taken too',
        },
      },
    },
  });

class Refusal extends Error {}

const refuse = (field: string, value: unknown, words: string): Refusal =>
  new Refusal(`Invalid input for field/attribute ${field}. Value: '${pythonRepr(value)}'. ${words}`);

function readPatch(value: unknown): PatchOperation[] {
  if (value === undefined) throw new Refusal('Missing argument: "patch"');
  if (!Array.isArray(value)) throw refuse('patch', value, `Value not a valid list: ${pythonRepr(value)}`);
  if (value.length > MAX_OPERATIONS)
    throw refuse('patch', `${value.length} operations`, `Value should have at most ${MAX_OPERATIONS} operations`);
  return value.map(readOperation);
}

function readOperation(given: unknown): PatchOperation {
  if (!isPlainObject(given)) throw refuse('patch', given, `Value not a valid dict: ${pythonRepr(given)}`);
  const unknown = Object.keys(given).filter((key) => !['op', 'path', 'value'].includes(key));
  if (unknown.length > 0)
    throw new Refusal(`Unknown attribute${unknown.length > 1 ? 's' : ''} for argument patch: ${unknown.join(', ')}`);
  const { path, op, value } = given;
  for (const name of ['path', 'op'] as const) {
    if (given[name] === undefined || given[name] === null) throw refuse(name, null, 'Mandatory field missing.');
  }
  if (typeof path !== 'string' || !PATH.test(path))
    throw refuse('path', path, `Value should match the pattern ${patternText(PATH)}`);
  const verb = OPS.find((one) => one === op);
  if (!verb) throw refuse('op', op, `Value should be one of: ${OPS.join(', ')}`);
  if (value === undefined || value === null) {
    if (verb !== 'remove') throw new Refusal("'add' and 'replace' operations needs value");
    return { op: verb, path: path.slice(1).split('/'), value: undefined };
  }
  return { op: verb, path: path.slice(1).split('/'), value: patchValue(value) };
}

function patchValue(value: unknown): PatchValue {
  if (typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isInteger(value)))
    return value;
  const type = Array.isArray(value) ? 'list' : typeof value === 'number' ? 'float' : 'dict';
  throw refuse('value', value, `Wrong type. Expected '(<class 'str'>, <class 'int'>)', got '<class '${type}'>'`);
}

export interface PatchRules {
  readonly internal: readonly string[];
  /** May be changed, not removed. */
  readonly mandatory: readonly string[];
  /** Attributes that are maps or lists, written as text. */
  readonly literals: readonly string[];
}

/**
 * Applies the changes to a copy of the attributes. A removed attribute is `undefined`: its default is the caller's affair.
 * @returns the attributes that were touched, with their new raw values
 * @throws InvalidInput
 */
export function applyPatch(
  attributes: Readonly<Record<string, unknown>>,
  patch: readonly PatchOperation[],
  rules: PatchRules,
): Map<string, unknown> {
  for (const one of patch) checkAllowed(one, rules);
  const changed = new Map<string, unknown>();
  const current = (name: string): unknown => (changed.has(name) ? changed.get(name) : attributes[name]);
  for (const one of patch) {
    const [name = '', ...rest] = one.path;
    if (!Object.hasOwn(attributes, name)) throw unknownAttribute(one, patch);
    if (rest.length === 0) changed.set(name, changeRoot(one, name, current(name), rules, patch));
    else changed.set(name, changeMember(one, rest, current(name), patch));
  }
  return changed;
}

function checkAllowed({ op, path }: PatchOperation, { internal, mandatory }: PatchRules): void {
  const [name = ''] = path;
  if (internal.includes(name)) {
    throw new InvalidInput('internal-attribute', `'/${name}' is an internal attribute and can not be updated`, { field: name });
  }
  if (op === 'remove' && path.length === 1 && mandatory.includes(name)) {
    throw new InvalidInput('mandatory-attribute', `'/${name}' is a mandatory attribute and can not be removed`, { field: name });
  }
}

function changeRoot(
  one: PatchOperation,
  name: string,
  current: unknown,
  rules: PatchRules,
  patch: readonly PatchOperation[],
): unknown {
  if (one.op === 'remove') {
    if (current === undefined) throw nonExistent(one, patch);
    return undefined;
  }
  if (one.op === 'add' && current !== null && current !== undefined) {
    throw new InvalidInput('attribute-exists', `The attribute /${name} has existed, please use 'replace' operation instead.`, {
      field: name,
    });
  }
  return rules.literals.includes(name) ? literal(one, patch) : one.value;
}

function changeMember(one: PatchOperation, rest: readonly string[], current: unknown, patch: readonly PatchOperation[]): unknown {
  const [key = ''] = rest;
  if (rest.length > 1 || !isPlainObject(current)) throw nonExistent(one, patch);
  if (one.op !== 'add' && !Object.hasOwn(current, key)) throw nonExistent(one, patch);
  const entries = Object.entries(current).filter(([other]) => other !== key);
  return Object.fromEntries(one.op === 'remove' ? entries : [...entries, [key, one.value]]);
}

function literal(one: PatchOperation, patch: readonly PatchOperation[]): unknown {
  if (typeof one.value !== 'string') throw couldNotApply(patch, `malformed node or string: ${pythonRepr(one.value)}`, one);
  try {
    return parsePythonLiteral(one.value);
  } catch (error) {
    throw couldNotApply(patch, `malformed node or string: ${(error as Error).message}`, one);
  }
}

function unknownAttribute(one: PatchOperation, patch: readonly PatchOperation[]): InvalidInput {
  const [name = ''] = one.path;
  if (one.op !== 'add' || one.path.length > 1) return nonExistent(one, patch);
  return new InvalidInput('unknown-attribute', `Adding a new attribute /${name} to the root of the resource is not allowed.`, {
    field: name,
  });
}

const nonExistent = (one: PatchOperation, patch: readonly PatchOperation[]): InvalidInput =>
  couldNotApply(patch, `can't ${one.op} a non-existent object '${one.path.at(-1) ?? ''}'`, one);

function couldNotApply(patch: readonly PatchOperation[], reason: string, one: PatchOperation): InvalidInput {
  const spelled = patch.map(({ op, path, value }) => ({
    path: `/${path.join('/')}`,
    op,
    ...(value === undefined ? {} : { value }),
  }));
  return new InvalidInput('patch', `Couldn't apply patch '${pythonRepr(spelled)}'. Reason: ${reason}`, { field: one.path[0] });
}
