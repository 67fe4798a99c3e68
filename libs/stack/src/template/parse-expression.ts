import { TemplateError, type TemplatePlace } from './errors.js';
import type { Expression, References } from './expression.js';
import { functions, notSupported } from './functions.js';
import { isList, isMap } from './functions/reader.js';

/** Where a value stands, what it has been found to need, and which conditions hold. */
export interface ParseContext {
  readonly place: TemplatePlace;
  readonly references: References;
  /** @throws TemplateError it is no condition */
  readonly holds: (condition: unknown, place: TemplatePlace) => boolean;
}

/**
 * Reads a value; adds what it needs to the references: of an `if` what its chosen side needs.
 * @returns undefined for an `if` without else whose condition is false: as if it were not mentioned
 * @throws TemplateError a function is written wrongly or is not known
 */
export function parseExpression(value: unknown, context: ParseContext): Expression | undefined {
  if (isList(value)) {
    const items = value.map((item, index) => parseExpression(item, below(context, index))).filter((item) => item !== undefined);
    if (!items.every((item) => item.kind === 'literal')) return { kind: 'list', items };
    return { kind: 'literal', value: asItWas(value, items) ? value : items.map((item) => item.value) };
  }
  if (!isMap(value)) return { kind: 'literal', value };
  const keys = Object.keys(value);
  const only = keys.length === 1 ? keys[0] : undefined;
  if (only !== undefined) {
    const why = notSupported.get(only);
    if (why !== undefined) throw new TemplateError(why, context.place);
    if (only === 'if') return parseIf(value[only], context);
    const parse = functions.get(only);
    if (parse) {
      const inner = (part: unknown): Expression => parseExpression(part, context) ?? { kind: 'literal', value: null };
      const { place, references } = context;
      return { kind: 'call', name: only, call: parse(value[only], { place, references, inner }) };
    }
  }
  const entries = Object.entries(value).flatMap(([key, item]) => {
    const parsed = parseExpression(item, below(context, key));
    return parsed ? [[key, parsed] as const] : [];
  });
  const literals = entries.flatMap(([key, item]) => (item.kind === 'literal' ? [[key, item.value] as const] : []));
  if (literals.length < entries.length) return { kind: 'map', entries };
  const same = literals.length === keys.length && literals.every(([key, item]) => item === value[key]);
  return { kind: 'literal', value: same ? value : Object.fromEntries(literals) };
}

/** `{ if: [condition, value] }`, or with a third: the value else */
function parseIf(argument: unknown, context: ParseContext): Expression | undefined {
  if (!isList(argument) || argument.length < 2 || argument.length > 3) {
    throw new TemplateError('if needs a list: condition, value and, if wanted, the value else', context.place);
  }
  const [condition, then, otherwise] = argument;
  if (context.holds(condition, context.place)) return parseExpression(then, context);
  return argument.length === 3 ? parseExpression(otherwise, context) : undefined;
}

/** Then nothing is copied: a thousand servers share what does not differ. */
const asItWas = (list: readonly unknown[], items: readonly (Expression & { kind: 'literal' })[]): boolean =>
  items.length === list.length && items.every((item, index) => item.value === list[index]);

const below = (context: ParseContext, key: string | number): ParseContext => ({
  ...context,
  place: { ...context.place, property: context.place.property ? `${context.place.property}.${key}` : String(key) },
});
