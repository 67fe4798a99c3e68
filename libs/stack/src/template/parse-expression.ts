import { TemplateError, type TemplatePlace } from './errors.js';
import type { Expression, References } from './expression.js';
import { functions, notSupported } from './functions.js';

/** Reads a value; adds what it needs to `references`. @throws TemplateError a function is written wrongly or is not known */
export function parseExpression(value: unknown, place: TemplatePlace, references: References): Expression {
  if (Array.isArray(value)) {
    const items = value.map((item: unknown, index) => parseExpression(item, below(place, index), references));
    return items.every((item) => item.kind === 'literal') ? { kind: 'literal', value } : { kind: 'list', items };
  }
  if (typeof value !== 'object' || value === null) return { kind: 'literal', value };
  const keys = Object.keys(value);
  const only = keys.length === 1 ? keys[0] : undefined;
  if (only !== undefined) {
    if (notSupported.has(only)) throw new TemplateError(`the function ${only} is not supported`, place);
    const parse = functions.get(only);
    if (parse) {
      const inner = (part: unknown): Expression => parseExpression(part, place, references);
      return { kind: 'call', name: only, call: parse((value as Record<string, unknown>)[only], { place, references, inner }) };
    }
  }
  const entries = Object.entries(value).map(
    ([key, item]) => [key, parseExpression(item, below(place, key), references)] as const,
  );
  return entries.every(([, item]) => item.kind === 'literal') ? { kind: 'literal', value } : { kind: 'map', entries };
}

const below = (place: TemplatePlace, key: string | number): TemplatePlace => ({
  ...place,
  property: place.property ? `${place.property}.${key}` : String(key),
});
