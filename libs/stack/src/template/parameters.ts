import { TemplateError } from './errors.js';

export const PARAMETER_TYPES = ['string', 'number', 'boolean', 'comma_delimited_list', 'json'] as const;
export type ParameterType = (typeof PARAMETER_TYPES)[number];

export interface ParameterSchema {
  readonly name: string;
  readonly type: ParameterType;
  /** Its value never reaches the database, a log or an error. */
  readonly hidden: boolean;
  /** Already of the right type; undefined: a value must be given. */
  readonly default: unknown;
}

/** What every template may ask for without declaring it. */
export const PSEUDO_PARAMETERS: readonly string[] = ['OS::stack_id', 'OS::stack_name', 'OS::project_id'];

const KEYS = new Set(['type', 'default', 'hidden', 'description', 'label']);

export function parseParameter(name: string, definition: unknown): ParameterSchema {
  const fail = (problem: string): never => {
    throw new TemplateError(problem, { section: 'parameters', name });
  };
  if (typeof definition !== 'object' || definition === null || Array.isArray(definition)) return fail('must be a map');
  const { type, default: fallback, hidden = false } = definition as Record<string, unknown>;
  const unknown = Object.keys(definition).find((key) => !KEYS.has(key));
  if (unknown !== undefined) fail(`the key ${unknown} is not supported`);
  if (!PARAMETER_TYPES.includes(type as ParameterType)) fail(`type must be one of ${PARAMETER_TYPES.join(', ')}`);
  if (typeof hidden !== 'boolean') return fail('hidden must be true or false');
  const schema = { name, type: type as ParameterType, hidden };
  return {
    ...schema,
    default: fallback === undefined ? undefined : convertParameter({ ...schema, default: undefined }, fallback),
  };
}

/** The value in the parameter's type, as Heat takes it (numbers and lists may come as text). @throws TemplateError never shows the value */
export function convertParameter(schema: ParameterSchema, value: unknown): unknown {
  const converted = converters[schema.type](value);
  if (converted === undefined) {
    throw new TemplateError(`the value is not a ${schema.type}`, { section: 'parameters', name: schema.name });
  }
  return converted;
}

const converters: Record<ParameterType, (value: unknown) => unknown> = {
  string: (value) => (['string', 'number', 'boolean'].includes(typeof value) ? String(value) : undefined),
  number: (value) => {
    const number = typeof value === 'number' ? value : typeof value === 'string' && value.trim() !== '' ? Number(value) : NaN;
    return Number.isFinite(number) ? number : undefined;
  },
  boolean: (value) => {
    if (typeof value === 'boolean') return value;
    const word = typeof value === 'string' || typeof value === 'number' ? String(value).toLowerCase() : '';
    return (
      ['true', 't', 'yes', 'y', 'on', '1'].includes(word) ||
      (['false', 'f', 'no', 'n', 'off', '0'].includes(word) ? false : undefined)
    );
  },
  comma_delimited_list: (value) => {
    if (Array.isArray(value)) return value;
    if (typeof value !== 'string') return undefined;
    return value === '' ? [] : value.split(',').map((item) => item.trim());
  },
  json: (value) => {
    if (typeof value === 'object' && value !== null) return value;
    if (typeof value !== 'string') return undefined;
    try {
      return JSON.parse(value) as unknown;
    } catch {
      return undefined;
    }
  },
};
