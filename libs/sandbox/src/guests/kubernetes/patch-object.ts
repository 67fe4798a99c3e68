import { applyPatch, type Operation } from 'rfc6902';
import { isJson, StatusError, type Json, type KubeObject } from './kube-object.js';

/** RFC 7386. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isJson(patch)) return patch;
  const result: Json = isJson(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}

/** RFC 6902. @throws StatusError 422 when an operation does not fit. */
export function jsonPatch(target: KubeObject, operations: unknown): unknown {
  if (!Array.isArray(operations)) throw new StatusError(400, 'BadRequest', 'a JSON patch is a list of operations');
  const copy = structuredClone(target);
  const failed = applyPatch(copy, operations as Operation[]).find((outcome) => outcome !== null);
  if (failed)
    throw new StatusError(422, 'Invalid', `the server rejected our request due to an error in our request: ${failed.message}`);
  return copy;
}

/** Merge keys of lists of objects by the list's name; the first key that all items have counts. Source: Kubernetes API, patchMergeKey. */
const mergeKeys: Record<string, readonly string[]> = {
  addresses: ['type'],
  conditions: ['type'],
  taints: ['key'],
  containers: ['name'],
  initContainers: ['name'],
  ephemeralContainers: ['name'],
  env: ['name'],
  volumes: ['name'],
  volumeMounts: ['mountPath'],
  imagePullSecrets: ['name'],
  ports: ['containerPort', 'port'],
  ownerReferences: ['uid'],
  secrets: ['name'],
  topologySpreadConstraints: ['topologyKey'],
  hostAliases: ['ip'],
};
const mergedPrimitives = new Set(['finalizers', 'podCIDRs']);

/** Strategic merge patch: maps merge, known lists merge by key, `$patch` directives count, the rest is replaced. */
export function strategicMergePatch(target: unknown, patch: unknown): unknown {
  if (!isJson(patch)) return patch;
  if (patch['$patch'] === 'replace') return without(patch, '$patch');
  if (patch['$patch'] === 'delete') return undefined;
  const result: Json = isJson(target) ? { ...target } : {};
  const retain = patch['$retainKeys'];
  if (Array.isArray(retain)) for (const key of Object.keys(result)) if (!retain.includes(key)) delete result[key];
  for (const [key, value] of Object.entries(patch)) {
    const removed = /^\$deleteFromPrimitiveList\/(.+)$/.exec(key)?.[1];
    if (removed !== undefined) {
      const gone = Array.isArray(value) ? value : [];
      if (Array.isArray(result[removed])) result[removed] = result[removed].filter((item) => !gone.includes(item));
    } else if (key.startsWith('$')) continue;
    else if (value === null) delete result[key];
    else if (Array.isArray(value)) result[key] = mergeList(key, result[key], value);
    else result[key] = strategicMergePatch(result[key], value);
  }
  return result;
}

function mergeList(name: string, before: unknown, patch: unknown[]): unknown[] {
  const old = Array.isArray(before) ? before : [];
  if (mergedPrimitives.has(name)) return [...new Set([...old, ...patch])];
  const replace = patch.some((item) => isJson(item) && item['$patch'] === 'replace' && Object.keys(item).length === 1);
  const items = patch.filter((item) => !(isJson(item) && item['$patch'] === 'replace' && Object.keys(item).length === 1));
  const key = keyOf(name, items);
  if (key === undefined || replace) return items;
  const result: unknown[] = [...old];
  for (const item of items as Json[]) {
    const same = result.findIndex((candidate) => sameItem(name, key, candidate, item));
    if (item['$patch'] === 'delete') {
      if (same >= 0) result.splice(same, 1);
    } else if (same >= 0) result[same] = strategicMergePatch(result[same], item);
    else result.push(item);
  }
  return result;
}

function keyOf(name: string, items: readonly unknown[]): string | undefined {
  return mergeKeys[name]?.find((key) => items.every((item) => isJson(item) && item[key] !== undefined));
}

function sameItem(name: string, key: string, candidate: unknown, item: Json): boolean {
  if (!isJson(candidate) || candidate[key] !== item[key]) return false;
  const second = name === 'taints' ? 'effect' : name === 'ports' ? 'protocol' : undefined;
  return (
    second === undefined || item[second] === undefined || candidate[second] === undefined || candidate[second] === item[second]
  );
}

function without(object: Json, key: string): Json {
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== key));
}

/**
 * Server-side apply, simplified: what this manager applied before and no longer does is removed, the rest merges.
 * Fields have no owners here, so nothing conflicts.
 */
export function serverSideApply(live: KubeObject | undefined, before: KubeObject | undefined, next: KubeObject): KubeObject {
  const pruned = live && before ? prune(live, before, next, '') : (live ?? {});
  return strategicMergePatch(pruned, next) as KubeObject;
}

function prune(live: unknown, before: unknown, next: unknown, name: string): unknown {
  if (isJson(live) && isJson(before)) {
    const result: Json = { ...live };
    for (const key of Object.keys(before)) {
      const wanted = isJson(next) ? next[key] : undefined;
      if (wanted === undefined) delete result[key];
      else result[key] = prune(result[key], before[key], wanted, key);
    }
    return result;
  }
  if (Array.isArray(live) && Array.isArray(before) && Array.isArray(next)) {
    const key = keyOf(name, before);
    if (key === undefined) return live;
    const gone = (before as Json[]).filter((item) => !next.some((candidate) => sameItem(name, key, candidate, item)));
    return live.filter((item) => !gone.some((item2) => sameItem(name, key, item, item2)));
  }
  return live;
}
