import { TemplateError, type TemplatePlace } from '../errors.js';
import { resolveExpression, type Call, type Expression, type References, type Scope } from '../expression.js';

export interface ReadContext {
  readonly place: TemplatePlace;
  readonly references: References;
  /** Reads an argument that may hold functions itself. */
  readonly inner: (value: unknown) => Expression;
}

/** Reads a function's arguments as they stand in the template. @throws TemplateError they cannot be right */
export type Read = (argument: unknown, context: ReadContext) => Call;

export const isName = (value: unknown): value is string => typeof value === 'string' && value !== '';
export const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
export const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);

/** As Heat writes values into text: numbers and booleans as such, lists and maps as JSON, nothing for null. */
export function text(value: unknown, name: string, place: TemplatePlace): string {
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

/** A list; nothing counts as an empty one. */
export function list(value: unknown, name: string, place: TemplatePlace): readonly unknown[] {
  if (isList(value)) return value;
  if (value === null || value === undefined) return [];
  throw new TemplateError(`${name} takes lists only`, place);
}

/** A map; nothing counts as an empty one. */
export function map(value: unknown, name: string, place: TemplatePlace): Readonly<Record<string, unknown>> {
  if (isMap(value)) return value;
  if (value === null || value === undefined) return {};
  throw new TemplateError(`${name} takes maps only`, place);
}

/**
 * A function of one argument: read with the functions in it, worked on when it has its value.
 * `work` may rely on nothing: a template says what it likes.
 */
export const onValue =
  (name: string, work: (value: unknown, place: TemplatePlace, name: string) => unknown): Read =>
  (argument, { place, inner }) => {
    const read = inner(argument);
    return (scope: Scope) => work(resolveExpression(read, scope), place, name);
  };

/** Equal as JSON, whatever the order of keys: as Python compares. */
export function sameValue(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (isList(one) && isList(other)) return one.length === other.length && one.every((item, at) => sameValue(item, other[at]));
  if (!isMap(one) || !isMap(other)) return false;
  const keys = Object.keys(one);
  return (
    keys.length === Object.keys(other).length && keys.every((key) => Object.hasOwn(other, key) && sameValue(one[key], other[key]))
  );
}
