import { z } from 'zod';
import { defineResource } from '../../resource.js';
import { TemplateError } from '../../template/errors.js';
import { convertParameter, PARAMETER_TYPES, type ParameterType } from '../../template/parameters.js';
import { local } from './local.js';

interface Properties {
  readonly type?: ParameterType | undefined;
  readonly value?: unknown;
}

/** As parameters of that type are read; undefined: it cannot be. */
function converted({ type, value }: Properties): unknown {
  if (type === undefined) return value;
  try {
    return convertParameter({ name: 'value', type, hidden: false, default: undefined }, value);
  } catch (error) {
    if (error instanceof TemplateError) return undefined;
    throw error;
  }
}

const properties = z
  .strictObject({ type: z.enum(PARAMETER_TYPES).optional(), value: z.unknown() })
  .refine((given) => converted(given) !== undefined, { path: ['value'], error: 'is not of the type that is said' });

/** OS::Heat::Value: a name for a value. It is stored as it is, so that it cannot be a secret. */
export const value = defineResource({
  type: 'OS::Heat::Value',
  properties,
  updatable: ['type', 'value'],
  attributes: ['value'],
  ...local,
  create: (ctx, p) => Promise.resolve({ id: ctx.resourceId, attributes: { value: converted(p) } }),
  poll: (_ctx, _id, p) => Promise.resolve({ attributes: { value: converted(p) } }),
  update: () => Promise.resolve('updated'),
  read: () => Promise.reject(new Error('a value is read from its row')),
});
