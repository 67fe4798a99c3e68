import type { AnyResourceType } from '../resource.js';

/** The types there are. */
export interface ResourceRegistry {
  readonly types: readonly string[];
  find(type: string): AnyResourceType | undefined;
}

/** @throws Error a type is there twice: the process must not start */
export function createRegistry(types: readonly AnyResourceType[]): ResourceRegistry {
  const byName = new Map<string, AnyResourceType>();
  for (const type of types) {
    if (byName.has(type.type)) throw new Error(`the resource type ${type.type} is registered twice`);
    byName.set(type.type, type);
  }
  return { types: [...byName.keys()], find: (type) => byName.get(type) };
}
