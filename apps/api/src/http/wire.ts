import { z } from 'zod';
import { isPlainObject, pythonRepr } from './python-repr.js';

/**
 * The attribute types of Magnum's bodies and queries, as zod schemas that coerce and complain as upstream does.
 * Source: magnum/api/controllers/v1/types.py, WSME's rest/json.py; reference section 2.4.
 */
export type Field<T> = z.ZodType<T>;

interface Described {
  readonly description: string;
  readonly example?: unknown;
}

/** What the OpenAPI document shows of a field. */
type Shown = Record<string, unknown> & Described;

/** Thrown inside a field: becomes `Invalid input for field/attribute F. Value: 'V'. PROBLEM`. */
class Problem {
  constructor(
    readonly value: unknown,
    readonly words: string,
  ) {}
}

function field<T>(shown: Shown, read: (value: unknown) => T): Field<T> {
  return z
    .unknown()
    .transform((value, ctx): T => {
      try {
        return read(value);
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        ctx.addIssue({ code: 'custom', message: `Value: '${pythonRepr(error.value)}'. ${error.words}` });
        return z.NEVER;
      }
    })
    .meta(shown);
}

const isAbsent = (value: unknown): value is null | undefined => value === undefined || value === null;
const orNull = (type: string): string[] => [type, 'null'];

/** As upstream spells it: JavaScript escapes slashes. */
export const patternText = ({ source }: RegExp): string => source.replaceAll('\\/', '/');

interface TextOptions extends Described {
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: RegExp;
}

/** A string; absent and null are null. A number is refused, as upstream does. */
export function text(options: TextOptions): Field<string | null> {
  const { min, max, pattern, ...described } = options;
  const shown = {
    ...described,
    type: orNull('string'),
    ...(min === undefined ? {} : { minLength: min }),
    ...(max === undefined ? {} : { maxLength: max }),
    ...(pattern ? { pattern: pattern.source } : {}),
  };
  return field(shown, (value) => (isAbsent(value) ? null : checkText(value, options)));
}

/** A string that must be there. */
export function requiredText(options: TextOptions): Field<string> {
  const { min, max, pattern, ...described } = options;
  const shown = {
    ...described,
    type: 'string',
    ...(min === undefined ? {} : { minLength: min }),
    ...(max === undefined ? {} : { maxLength: max }),
    ...(pattern ? { pattern: pattern.source } : {}),
    [REQUIRED]: true,
  };
  return field(shown, (value) => {
    if (isAbsent(value)) throw new Problem(null, 'Mandatory field missing.');
    return checkText(value, options);
  });
}

/** Text that the database cannot hold: null characters, halves of surrogate pairs. */
export const UNSTORABLE = /[\0\p{Surrogate}]/u;
const UNSTORABLE_ALL = /[\0\p{Surrogate}]/gu;

function checkText(value: unknown, { min, max, pattern }: TextOptions): string {
  if (typeof value !== 'string') throw new Problem(value, 'Value should be string');
  if (min !== undefined && value.length < min) {
    throw new Problem(value, `Value should have a minimum character requirement of ${min}`);
  }
  if (max !== undefined && value.length > max) {
    throw new Problem(value, `Value should have a maximum character requirement of ${max}`);
  }
  if (pattern && !pattern.test(value)) throw new Problem(value, `Value should match the pattern ${patternText(pattern)}`);
  if (UNSTORABLE.test(value))
    throw new Problem(value.replace(UNSTORABLE_ALL, '?'), 'Value should be text without null characters');
  return value;
}

interface NumberOptions extends Described {
  readonly min?: number;
  readonly max?: number;
}

/** A whole number; numeric strings, floats (cut off) and booleans are taken too. Absent and null give `fallback`. */
export function integer<F extends number | null>(options: NumberOptions & { fallback: F }): Field<number | F> {
  const { min, max, fallback, ...described } = options;
  const shown = {
    ...described,
    type: fallback === null ? orNull('integer') : 'integer',
    minimum: min ?? -INT32 - 1,
    maximum: max ?? INT32,
    default: fallback,
  };
  return field<number | F>(shown, (value) => (isAbsent(value) ? fallback : checkInteger(value, options)));
}

/** A whole number that must be there. */
export function requiredInteger(options: NumberOptions): Field<number> {
  const { min, max, ...described } = options;
  const shown = { ...described, type: 'integer', minimum: min ?? -INT32 - 1, maximum: max ?? INT32, [REQUIRED]: true };
  return field(shown, (value) => {
    if (isAbsent(value)) throw new Problem(null, 'Mandatory field missing.');
    return checkInteger(value, options);
  });
}

/** What the column holds. */
const INT32 = 2_147_483_647;

function checkInteger(value: unknown, { min, max }: NumberOptions): number {
  const number = toInteger(value);
  if (min !== undefined && number < min) throw new Problem(value, `Value should be greater or equal to ${min}`);
  if (number > (max ?? INT32)) throw new Problem(value, `Value should be lower or equal to ${max ?? INT32}`);
  if (number < -INT32) throw new Problem(value, `Value should be greater or equal to ${-INT32}`);
  return number;
}

function toInteger(value: unknown): number {
  if (typeof value === 'boolean') return Number(value);
  if (typeof value === 'number') return Math.trunc(value);
  if (typeof value === 'string' && /^\s*[+-]?\d{1,30}\s*$/.test(value)) return Number(value);
  throw new Problem(value, `invalid literal for int() with base 10: '${pythonRepr(value)}'`);
}

const YES = ['1', 't', 'true', 'on', 'y', 'yes'];
const NO = ['0', 'f', 'false', 'off', 'n', 'no'];

/** A boolean: JSON's own, 0 and 1, and oslo's words in any letter case. Absent and null give `fallback`. */
export function boolean<F extends boolean | null>(options: Described & { fallback: F }): Field<boolean | F> {
  const { fallback, ...described } = options;
  const shown = { ...described, type: fallback === null ? orNull('boolean') : 'boolean', default: fallback };
  return field<boolean | F>(shown, (value) => (isAbsent(value) ? fallback : toBoolean(value)));
}

function toBoolean(value: unknown): boolean {
  const word = String(value).trim().toLowerCase();
  if (typeof value !== 'object' && YES.includes(word)) return true;
  if (typeof value !== 'object' && NO.includes(word)) return false;
  throw new Problem(value, `Value should be one of: ${[...YES, ...NO].sort().join(', ')}`);
}

/** One of some words. Absent gives `fallback`, and so does null unless `nullable` is false. */
export function choice<T extends string, F extends T | null>(
  options: Described & { values: readonly T[]; fallback: F },
): Field<T | F> {
  const { values, fallback, ...described } = options;
  const shown = { ...described, type: fallback === null ? orNull('string') : 'string', enum: [...values], default: fallback };
  return field<T | F>(shown, (value) => {
    if (isAbsent(value)) return fallback;
    const found = values.find((one) => one === value);
    if (found === undefined) throw new Problem(value, `Value should be one of: ${values.join(', ')}`);
    return found;
  });
}

/** A map of labels: texts, numbers and booleans. Absent and null are null. */
export function labelMap(described: Described): Field<Record<string, string | number | boolean> | null> {
  const shown = {
    ...described,
    type: orNull('object'),
    additionalProperties: { type: ['string', 'number', 'boolean'] },
  };
  return field(shown, (value) => {
    if (isAbsent(value)) return null;
    if (!isPlainObject(value)) throw new Problem(value, `Value not a valid dict: ${pythonRepr(value)}`);
    const labels: [string, string | number | boolean][] = [];
    for (const [key, label] of Object.entries(value)) {
      if (typeof label !== 'string' && typeof label !== 'number' && typeof label !== 'boolean') {
        throw new Problem(value, `Label ${key} should be a string, an integer, a boolean or a float`);
      }
      if (
        UNSTORABLE.test(`${key}
${String(label)}`)
      ) {
        throw new Problem(key.replace(UNSTORABLE_ALL, '?'), 'Value should be text without null characters');
      }
      labels.push([key, label]);
    }
    return Object.fromEntries(labels);
  });
}

/** A map of texts. Absent and null are the empty map. */
export function textMap(described: Described): Field<Record<string, string>> {
  const shown = { ...described, type: orNull('object'), additionalProperties: { type: 'string' } };
  return field(shown, (value) => {
    if (isAbsent(value)) return {};
    if (!isPlainObject(value)) throw new Problem(value, `Value not a valid dict: ${pythonRepr(value)}`);
    for (const one of Object.entries(value).flat()) checkText(one, { description: '' });
    return value as Record<string, string>;
  });
}

/** A list of objects; what is in them is judged later. Absent and null are the empty list. */
export function dictList(described: Described & { readonly items: object }): Field<Record<string, unknown>[]> {
  const shown = { ...described, type: orNull('array'), maxItems: MOST_DICTS };
  return field(shown, (value) => {
    if (isAbsent(value)) return [];
    if (!Array.isArray(value)) throw new Problem(value, `Value not a valid list: ${pythonRepr(value)}`);
    if (value.length > MOST_DICTS) throw new Problem(`${value.length} items`, `Value should have at most ${MOST_DICTS} items`);
    const wrong: unknown = value.find((one) => !isPlainObject(one));
    if (wrong !== undefined) throw new Problem(wrong, `Value not a valid dict: ${pythonRepr(wrong)}`);
    return value as Record<string, unknown>[];
  });
}

const MOST_DICTS = 100;
const MOST_TEXTS = 10_000;

/** A list of strings. Absent and null are the empty list. */
export function textList(described: Described): Field<string[]> {
  const shown = { ...described, type: orNull('array'), items: { type: 'string' }, maxItems: MOST_TEXTS };
  return field(shown, (value) => {
    if (isAbsent(value)) return [];
    if (!Array.isArray(value)) throw new Problem(value, `Value not a valid list: ${pythonRepr(value)}`);
    if (value.length > MOST_TEXTS) throw new Problem(`${value.length} items`, `Value should have at most ${MOST_TEXTS} items`);
    return value.map((one: unknown) => checkText(one, { description: '', max: 255 }));
  });
}

/** A map of texts. Absent and null are null. */
export function stringMap(described: Described): Field<Record<string, string> | null> {
  return field({ ...described, type: orNull('object'), additionalProperties: { type: 'string' } }, (value) => {
    if (isAbsent(value)) return null;
    if (!isPlainObject(value)) throw new Problem(value, `Value not a valid dict: ${pythonRepr(value)}`);
    const wrong = Object.values(value).find((one) => typeof one !== 'string');
    if (wrong !== undefined) throw new Problem(value, 'Value should be a dict of strings');
    return value as Record<string, string>;
  });
}

/** A list of texts. Absent and null are null. */
export function stringList(described: Described): Field<string[] | null> {
  return field({ ...described, type: orNull('array'), items: { type: 'string' } }, (value) => {
    if (isAbsent(value)) return null;
    if (!Array.isArray(value)) throw new Problem(value, `Value not a valid list: ${pythonRepr(value)}`);
    if (!value.every((one) => typeof one === 'string')) throw new Problem(value, 'Value should be a list of strings');
    return value;
  });
}

/** Present only to be refused. */
export function readOnly(what: string): Field<undefined> {
  return field({ description: `Read-only: ${what}`, readOnly: true }, (value) => {
    if (value !== undefined) throw new Problem(value, 'Cannot set read only field.');
    return undefined;
  });
}

/** Taken and not looked at. */
export function ignored(what: string): Field<undefined> {
  return field({ description: `Accepted and ignored: ${what}` }, () => undefined);
}

/** Not part of the wire's JSON Schema: read by `body` to fill `required`. */
const REQUIRED = 'x-required';

type Shape = Record<string, z.ZodType>;
type Output<S extends Shape> = { [K in keyof S]: z.output<S[K]> };

/**
 * An object of fields. Unknown keys come first, then the fields in their order; the first problem is told.
 * @param argument the word of upstream's messages: `cluster`, `cluster_template`, ...
 */
export function body<S extends Shape>(argument: string, id: string, description: string, shape: S): z.ZodType<Output<S>> {
  return z
    .unknown()
    .transform((value, ctx): Output<S> => {
      const fail = (message: string): Output<S> => {
        ctx.addIssue({ code: 'custom', message });
        return z.NEVER;
      };
      if (value === undefined) return fail(`Missing argument: "${argument}"`);
      if (!isPlainObject(value)) {
        return fail(
          `Invalid input for field/attribute ${argument}. Value: '${pythonRepr(value)}'. Value not a valid dict: ${pythonRepr(value)}`,
        );
      }
      const unknown = Object.keys(value).filter((key) => !Object.hasOwn(shape, key));
      if (unknown.length > 0) {
        return fail(`Unknown attribute${unknown.length > 1 ? 's' : ''} for argument ${argument}: ${unknown.join(', ')}`);
      }
      return readShape(shape, value, fail);
    })
    .meta({ id, ...objectSchema(shape, description) });
}

/** Arguments of upstream that come in the body instead of the path. */
export function argumentsBody<K extends string>(
  id: string,
  description: string,
  names: Readonly<Record<K, string>>,
): z.ZodType<Record<K, string>> {
  const wanted = Object.keys(names) as K[];
  return z
    .unknown()
    .transform((value, ctx): Record<K, string> => {
      const fail = (message: string): Record<K, string> => {
        ctx.addIssue({ code: 'custom', message });
        return z.NEVER;
      };
      const given = value ?? {};
      if (!isPlainObject(given)) return fail('Request must be a JSON dict');
      const unknown = Object.keys(given).filter((key) => !Object.hasOwn(names, key));
      if (unknown.length > 0) return fail(`Unknown argument: "${unknown.join(', ')}"`);
      for (const name of wanted) {
        const one = given[name];
        if (one === undefined || one === null) return fail(`Missing argument: "${name}"`);
        if (typeof one !== 'string' || UNSTORABLE.test(one))
          return fail(`Invalid input for field/attribute ${name}. Value: '${pythonRepr(one)}'. Value should be string`);
      }
      return given as Record<K, string>;
    })
    .meta({
      id,
      type: 'object',
      description,
      required: wanted,
      additionalProperties: false,
      properties: Object.fromEntries(wanted.map((name) => [name, { type: 'string', description: names[name] }])),
    });
}

/** The parameters of a query string. Unknown ones are refused, so are repeated ones. */
export function query<S extends Shape>(shape: S): z.ZodType<Output<S>> {
  return z
    .unknown()
    .transform((value, ctx): Output<S> => {
      const fail = (message: string): Output<S> => {
        ctx.addIssue({ code: 'custom', message });
        return z.NEVER;
      };
      const given = { ...(value as Record<string, unknown>) };
      const unknown = Object.keys(given).filter((key) => !Object.hasOwn(shape, key));
      if (unknown.length > 0) return fail(`Unknown argument: "${unknown.join(', ')}"`);
      const repeated = Object.keys(given).find((key) => Array.isArray(given[key]));
      if (repeated !== undefined) {
        return fail(
          `Invalid input for field/attribute ${repeated}. Value: '${pythonRepr(given[repeated])}'. Value should be given once`,
        );
      }
      return readShape(shape, given, fail);
    })
    .meta(objectSchema(shape, 'query'));
}

function readShape<S extends Shape>(shape: S, given: Record<string, unknown>, fail: (message: string) => Output<S>): Output<S> {
  const output: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(shape)) {
    const result = schema.safeParse(Object.hasOwn(given, name) ? given[name] : undefined);
    if (!result.success) return fail(`Invalid input for field/attribute ${name}. ${result.error.issues[0]?.message ?? ''}`);
    output[name] = result.data;
  }
  return output as Output<S>;
}

function objectSchema(shape: Shape, description: string): Record<string, unknown> {
  const properties: Record<string, unknown> = {};
  const required: string[] = [];
  for (const [name, schema] of Object.entries(shape)) {
    const {
      $schema: _,
      [REQUIRED]: mandatory,
      ...shown
    } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Record<string, unknown>;
    if (mandatory) required.push(name);
    properties[name] = shown;
  }
  return { type: 'object', description, properties, ...(required.length > 0 ? { required } : {}), additionalProperties: false };
}
