import { TemplateError, type TemplatePlace } from '../errors.js';
import { resolveExpression } from '../expression.js';
import { isList, isMap, list, map, onValue, sameValue, text, type Read } from './reader.js';

/** `{ map_merge: [map, ...] }`: later ones win */
export const mapMerge = onValue('map_merge', (value, place, name) =>
  Object.assign({}, ...list(value, name, place).map((one) => map(one, name, place))),
);

/** `{ map_replace: [map, { keys: { old: new }, values: { old: new } }] }` */
export const mapReplace = onValue('map_replace', (value, place, name) => {
  const [input, rules, ...more] = list(value, name, place);
  const { keys, values, ...stray } = map(rules, name, place);
  if (rules === undefined || more.length > 0 || Object.keys(stray).length > 0) {
    throw new TemplateError('map_replace needs a list: a map, then a map with keys and values', place);
  }
  const [before, newKeys, newValues] = [map(input, name, place), map(keys, name, place), map(values, name, place)];
  const after: Record<string, unknown> = {};
  for (const [key, one] of Object.entries(before)) {
    const next = Object.hasOwn(newKeys, key) ? text(newKeys[key], name, place) : key;
    if (Object.hasOwn(after, next) || (next !== key && Object.hasOwn(before, next))) {
      throw new TemplateError(`map_replace: the new key ${next} is there already`, place);
    }
    const replaced = typeof one === 'string' && Object.hasOwn(newValues, one) ? newValues[one] : one;
    after[next] = replaced;
  }
  return after;
});

const concat = (value: unknown, place: TemplatePlace, name: string): unknown[] =>
  list(value, name, place).flatMap((one) => [...list(one, name, place)]);

/** `{ list_concat: [list, ...] }` */
export const listConcat = onValue('list_concat', concat);

/** As `list_concat`, each item once */
export const listConcatUnique = onValue('list_concat_unique', (value, place, name) =>
  concat(value, place, name).reduce<unknown[]>(
    (kept, item) => (kept.some((one) => sameValue(one, item)) ? kept : [...kept, item]),
    [],
  ),
);

/** `{ filter: [values, list] }`: the list without the values */
export const filter = onValue('filter', (value, place, name) => {
  const [values, from, ...more] = list(value, name, place);
  if (from === undefined || more.length > 0) throw new TemplateError('filter needs a list: values, list', place);
  const unwanted = list(values, name, place);
  return list(from, name, place).filter((item) => !unwanted.some((one) => sameValue(one, item)));
});

/** `{ contains: [value, list] }`; of a string, whether it holds another one */
export const contains = onValue('contains', (value, place, name) => {
  const [wanted, among, ...more] = list(value, name, place);
  if (among === undefined || more.length > 0) throw new TemplateError('contains needs a list: value, list', place);
  if (typeof among === 'string') return typeof wanted === 'string' && among.includes(wanted);
  return list(among, name, place).some((one) => sameValue(one, wanted));
});

/** `{ equals: [one, other] }`, in conditions */
export const equals = onValue('equals', (value, place, name) => {
  const items = list(value, name, place);
  if (items.length !== 2) throw new TemplateError('equals needs a list of two values', place);
  return sameValue(items[0], items[1]);
});

/**
 * `{ repeat: { template, for_each: { variable: list or map }, permutations } }`: the template once for each item, or for each
 * combination; of maps the keys are taken. A text that is the variable alone becomes the item as it is.
 * Source: heat/engine/hot/functions.py, class RepeatWithNestedLoop.
 */
export const repeat: Read = (argument, { place, inner }) => {
  const { template, for_each: forEach, permutations = true, ...stray } = isMap(argument) ? argument : {};
  if (!isMap(argument) || template === undefined || forEach === undefined || Object.keys(stray).length > 0) {
    throw new TemplateError('repeat needs a map with template and for_each', place);
  }
  const [body, loops, nested] = [inner(template), inner(forEach), inner(permutations)];
  return (scope) => {
    const variables = Object.entries(map(resolveExpression(loops, scope), 'repeat', place)).map(
      ([name, items]): [string, readonly unknown[]] => [name, isMap(items) ? Object.keys(items) : list(items, 'repeat', place)],
    );
    if (variables.length === 0 || variables.some(([name]) => name === '')) {
      throw new TemplateError('repeat: for_each needs the name of a variable', place);
    }
    const whole = resolveExpression(body, scope);
    const rounds = resolveExpression(nested, scope) === false ? inStep(variables, place) : combinations(variables);
    return rounds.map((values) => replaced(whole, values, place));
  };
};

type Values = readonly (readonly [string, unknown])[];

const combinations = (variables: readonly (readonly [string, readonly unknown[]])[]): Values[] =>
  variables.reduce<Values[]>(
    (rounds, [name, items]) => rounds.flatMap((round) => items.map((item): Values => [...round, [name, item]])),
    [[]],
  );

function inStep(variables: readonly (readonly [string, readonly unknown[]])[], place: TemplatePlace): Values[] {
  const length = variables[0]?.[1].length ?? 0;
  if (variables.some(([, items]) => items.length !== length)) {
    throw new TemplateError('repeat: without permutations all lists must be as long as each other', place);
  }
  return Array.from({ length }, (_, at) => variables.map(([name, items]) => [name, items[at]] as const));
}

function replaced(value: unknown, values: Values, place: TemplatePlace): unknown {
  if (typeof value === 'string') {
    const alone = values.find(([name]) => name === value);
    if (alone) return alone[1];
    return values.reduce(
      (whole, [name, item]) => (whole.includes(name) ? whole.replaceAll(name, () => text(item, 'repeat', place)) : whole),
      value,
    );
  }
  if (isList(value)) return value.map((item) => replaced(item, values, place));
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      text(replaced(key, values, place), 'repeat', place),
      replaced(item, values, place),
    ]),
  );
}
