import type { HotResource } from './types.js';

/** HOT's functions and words, so that templates read as what they are. */
export const getParam = (name: string): object => ({ get_param: name });
export const getResource = (name: string): object => ({ get_resource: name });
export const getAttr = (resource: string, attribute: string, ...path: (string | number)[]): object => ({
  get_attr: [resource, attribute, ...path],
});
export const listJoin = (delimiter: string, ...parts: unknown[]): object => ({ list_join: [delimiter, parts] });

/** A resource; properties that are not given are left out. */
export function resource(
  type: string,
  properties: Readonly<Record<string, unknown>>,
  dependsOn: readonly string[] = [],
): HotResource {
  const given = Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined));
  return { type, properties: given, ...(dependsOn.length > 0 ? { depends_on: dependsOn } : {}) };
}
