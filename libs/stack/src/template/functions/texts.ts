import { createHash, getHashes } from 'node:crypto';
import { TemplateError } from '../errors.js';
import { resolveExpression } from '../expression.js';
import { isList, isMap, onValue, text, type Read } from './reader.js';

/** `{ list_join: [delimiter, list, ...more lists] }`: strings of all lists, in order, with the delimiter between them */
export const listJoin: Read = (argument, { place, inner }) => {
  const [delimiter, ...lists] = isList(argument) ? argument : [];
  if (typeof delimiter !== 'string' || lists.length === 0) {
    throw new TemplateError('list_join needs a list: delimiter, then one or more lists', place);
  }
  const parts = lists.map(inner);
  return (scope) =>
    parts
      .flatMap((part) => {
        const items = resolveExpression(part, scope);
        if (!isList(items)) throw new TemplateError('list_join takes lists only', place);
        return items.map((item) => text(item, 'list_join', place));
      })
      .join(delimiter);
};

interface ReplaceRules {
  /** Each key must be in the template. */
  readonly strict: boolean;
  /** No value may be empty. */
  readonly full: boolean;
}

/**
 * `{ str_replace: { template, params: { key: value } } }`: the longest key wins, and what was put in is not searched again.
 * Source: heat/engine/hot/functions.py, class Replace and its strict ones.
 */
const replace =
  (name: string, { strict, full }: ReplaceRules): Read =>
  (argument, { place, inner }) => {
    if (!isMap(argument) || !('template' in argument) || !isMap(argument['params'])) {
      throw new TemplateError(`${name} needs a map with template and params`, place);
    }
    const template = inner(argument['template']);
    const params = Object.entries(argument['params']).map(([key, value]) => [key, inner(value)] as const);
    if (params.some(([key]) => key === '')) throw new TemplateError(`${name} cannot replace an empty string`, place);
    const keys = params.map(([key]) => key).sort((a, b) => b.length - a.length);
    const pattern = keys.length === 0 ? undefined : new RegExp(keys.map(escaped).join('|'), 'g');
    return (scope) => {
      const whole = resolveExpression(template, scope);
      if (typeof whole !== 'string') throw new TemplateError(`${name}: template must be a string`, place);
      if (!pattern) return whole;
      const values = new Map(params.map(([key, value]) => [key, resolveExpression(value, scope)]));
      const absent = strict ? keys.find((key) => !whole.includes(key)) : undefined;
      if (absent !== undefined) throw new TemplateError(`${name}: ${absent} is not in the template`, place);
      const empty = full ? keys.find((key) => isEmpty(values.get(key))) : undefined;
      if (empty !== undefined) throw new TemplateError(`${name}: ${empty} has no value`, place);
      const texts = new Map([...values].map(([key, value]) => [key, text(value, name, place)]));
      return whole.replace(pattern, (key) => texts.get(key) ?? key);
    };
  };

export const strReplace = replace('str_replace', { strict: false, full: false });
export const strReplaceStrict = replace('str_replace_strict', { strict: true, full: false });
export const strReplaceVstrict = replace('str_replace_vstrict', { strict: true, full: true });

const escaped = (key: string): string => key.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
const isEmpty = (value: unknown): boolean =>
  value === null || value === undefined || value === '' || (typeof value === 'object' && Object.keys(value).length === 0);

/** `{ str_split: [delimiter, string] }`, or with an index: one piece */
export const strSplit = onValue('str_split', (value, place) => {
  const [delimiter, whole, index] = isList(value) ? value : [];
  if (typeof delimiter !== 'string' || delimiter === '' || !isList(value) || value.length < 2 || value.length > 3) {
    throw new TemplateError('str_split needs a list: delimiter, string and, if wanted, the index of a piece', place);
  }
  if (whole === null || whole === undefined) return null;
  if (typeof whole !== 'string') throw new TemplateError('str_split splits strings only', place);
  const pieces = whole.split(delimiter);
  if (index === undefined) return pieces;
  const piece = Number.isInteger(Number(index)) ? pieces.at(Number(index)) : undefined;
  if (piece === undefined) throw new TemplateError(`str_split: the index must be between 0 and ${pieces.length - 1}`, place);
  return piece;
});

/** `{ digest: [algorithm, string] }`, in hexadecimal digits */
export const digest = onValue('digest', (value, place) => {
  const [algorithm, whole] = isList(value) ? value : [];
  if (typeof algorithm !== 'string' || typeof whole !== 'string') {
    throw new TemplateError('digest needs a list of strings: algorithm, value', place);
  }
  if (!getHashes().includes(algorithm.toLowerCase()))
    throw new TemplateError(`digest: there is no algorithm ${algorithm}`, place);
  if (/[^\u0000-\u00ff]/.test(whole)) {
    throw new TemplateError('digest: the value has characters beyond Latin-1', place);
  }
  return createHash(algorithm.toLowerCase()).update(whole, 'latin1').digest('hex');
});

const STARTS_WITH = /^\s*\$\.data\.(\w+)\.startsWith\("([^"\\]*)"\)\s*$/;

/**
 * `{ yaql: { expression, data } }`: only `$.data.<name>.startsWith("<text>")`, all that Magnum's templates have of it.
 * Source: magnum/drivers/k8s_fedora_coreos_v1/templates/kubecluster.yaml, condition calico_v3_26.
 */
export const yaql: Read = (argument, { place, inner }) => {
  const { expression, data } = isMap(argument) ? argument : {};
  const [, name = '', start = ''] = STARTS_WITH.exec(typeof expression === 'string' ? expression : '') ?? [];
  if (name === '' || !isMap(data) || !Object.hasOwn(data, name)) {
    throw new TemplateError('of yaql only $.data.<name>.startsWith("<text>") is supported, with that name in data', place);
  }
  const read = inner(data[name]);
  return (scope) => text(resolveExpression(read, scope), 'yaql', place).startsWith(start);
};
