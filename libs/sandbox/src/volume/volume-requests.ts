import { badRequest } from '../server/api-error.js';
import type { ApiError } from '../server/api-error.js';
import type { Call } from '../server/call.js';
import { Fields, isObject } from '../server/fields.js';

export const invalidField = (field: string, value: unknown, reason: string): ApiError =>
  badRequest(`Invalid input for field/attribute ${field}. Value: ${JSON.stringify(value)}. ${reason}`);

/** The object of a request's body. @throws ApiError 400 */
export function requestObject(call: Call, key: string): Fields {
  const value = isObject(call.body) ? call.body[key] : undefined;
  if (!isObject(value))
    throw badRequest(`Invalid input for field/attribute ${key}. Value: None. '${key}' is a required property`);
  return new Fields(value, invalidField);
}

/**
 * Whether an object has all of the metadata that a list asks for. The filter is a Python literal, as Cinder reads it:
 * `{'key': 'value'}`, with either kind of quotes; one that cannot be read matches nothing.
 */
export function metadataMatches(metadata: Readonly<Record<string, string>>, filter: string | null): boolean {
  if (filter === null) return true;
  try {
    const wanted: unknown = JSON.parse(filter.includes('"') ? filter : filter.replaceAll("'", '"'));
    return isObject(wanted) && Object.entries(wanted).every(([key, value]) => metadata[key] === value);
  } catch {
    return false;
  }
}
