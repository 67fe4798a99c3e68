import { isJson, kubeTime, type Json, type KubeObject } from './kube-object.js';

/** A field, as a path of keys; an item of a list that is merged by keys is `k:{"name":"a"}`, as FieldsV1 spells it. */
export type FieldPath = string;

const SEPARATOR = '\u0000';

/**
 * By which keys the items of a list are told apart, by the list's name. Other lists belong to one manager whole.
 * Source: Kubernetes API, x-kubernetes-list-map-keys.
 */
const LIST_KEYS: Readonly<Record<string, readonly string[]>> = {
  containers: ['name'],
  initContainers: ['name'],
  env: ['name'],
  volumes: ['name'],
  volumeMounts: ['mountPath'],
  imagePullSecrets: ['name'],
  conditions: ['type'],
  ownerReferences: ['uid'],
};

/** Ports have two kinds: of containers and of Services. */
function keysOf(name: string, items: readonly unknown[]): readonly string[] | undefined {
  const has = (key: string): boolean => items.every((item) => isJson(item) && item[key] !== undefined);
  if (name === 'ports')
    return has('containerPort') ? ['containerPort', 'protocol'] : has('port') ? ['port', 'protocol'] : undefined;
  const keys = LIST_KEYS[name];
  return keys?.every(has) ? keys : undefined;
}

/** Every field of an object that is nobody's but its managers': not who it is, nor what the server keeps. With its value as text. */
export function ownedFields(object: KubeObject): Map<FieldPath, string> {
  const fields = new Map<FieldPath, string>();
  const { apiVersion: _version, kind: _kind, metadata, ...rest } = object;
  const { labels, annotations, finalizers, ownerReferences } = metadata;
  const meta = Object.fromEntries(
    Object.entries({ labels, annotations, finalizers, ownerReferences }).filter(([, value]) => value !== undefined),
  );
  collect({ ...(Object.keys(meta).length > 0 ? { metadata: meta } : {}), ...rest }, '', [], fields);
  return fields;
}

function collect(value: unknown, name: string, path: readonly string[], into: Map<FieldPath, string>): void {
  if (isJson(value) && Object.keys(value).length > 0) {
    for (const [key, inner] of Object.entries(value)) collect(inner, key, [...path, `f:${key}`], into);
    return;
  }
  const keys = Array.isArray(value) && value.length > 0 ? keysOf(name, value) : undefined;
  if (!Array.isArray(value) || keys === undefined) {
    if (path.length > 0) into.set(path.join(SEPARATOR), JSON.stringify(value) ?? '');
    return;
  }
  for (const item of value as Json[]) {
    const known = Object.fromEntries(keys.map((key) => [key, item[key] ?? (key === 'protocol' ? 'TCP' : undefined)]));
    for (const [key, inner] of Object.entries(item))
      collect(inner, key, [...path, `k:${JSON.stringify(known)}`, `f:${key}`], into);
  }
}

/** One line of `metadata.managedFields`. */
export interface ManagedFields {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly time: string;
  readonly fields: ReadonlySet<FieldPath>;
}

export function readManaged(object: KubeObject | undefined): ManagedFields[] {
  const lines = object?.metadata['managedFields'];
  if (!Array.isArray(lines)) return [];
  return (lines as Json[]).map((line) => ({
    manager: String(line['manager']),
    operation: line['operation'] === 'Apply' ? 'Apply' : 'Update',
    time: String(line['time']),
    fields: new Set(leaves(line['fieldsV1'], [])),
  }));
}

function leaves(value: unknown, path: readonly string[]): FieldPath[] {
  if (!isJson(value) || Object.keys(value).length === 0) return path.length > 0 ? [path.join(SEPARATOR)] : [];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, [...path, key]));
}

export function writeManaged(lines: readonly ManagedFields[], apiVersion: string): Json[] {
  return lines
    .filter(({ fields }) => fields.size > 0)
    .map(({ manager, operation, time, fields }) => ({
      manager,
      operation,
      apiVersion,
      time,
      fieldsType: 'FieldsV1',
      fieldsV1: treeOf(fields),
    }));
}

function treeOf(fields: ReadonlySet<FieldPath>): Json {
  const tree: Json = {};
  for (const field of fields) {
    let here = tree;
    for (const key of field.split(SEPARATOR)) here = (here[key] ??= {}) as Json;
  }
  return tree;
}

export interface FieldConflict {
  readonly manager: string;
  /** `.spec.replicas` */
  readonly field: string;
}

/** Fields that somebody else has set to another value. */
export function conflictsOf(
  live: KubeObject | undefined,
  wanted: KubeObject,
  manager: string,
  managed: readonly ManagedFields[],
): FieldConflict[] {
  if (!live) return [];
  const now = ownedFields(live);
  return [...ownedFields(wanted)].flatMap(([field, value]) => {
    if (now.get(field) === value) return [];
    const other = managed.find((line) => !(line.manager === manager && line.operation === 'Apply') && line.fields.has(field));
    return other ? [{ manager: other.manager, field: spelled(field) }] : [];
  });
}

const spelled = (field: FieldPath): string =>
  field
    .split(SEPARATOR)
    .map((key) =>
      key.startsWith('k:')
        ? `[${key
            .slice(2)
            .replace(/^\{|\}$/g, '')
            .replaceAll('"', '')
            .replaceAll(':', '=')}]`
        : `.${key.slice(2)}`,
    )
    .join('')
    .replaceAll('=', '="')
    .replaceAll(/="([^,\]]*)/g, '="$1"');

/** After an apply: its fields are the manager's. What he has taken from others with another value is theirs no more. */
export function afterApply(
  managed: readonly ManagedFields[],
  manager: string,
  wanted: KubeObject,
  live: KubeObject | undefined,
): ManagedFields[] {
  const now = live ? ownedFields(live) : new Map<FieldPath, string>();
  const fields = ownedFields(wanted);
  const taken = new Set([...fields].filter(([field, value]) => now.get(field) !== value).map(([field]) => field));
  const others = managed
    .filter((line) => !(line.manager === manager && line.operation === 'Apply'))
    .map((line) => ({ ...line, fields: new Set([...line.fields].filter((field) => !taken.has(field))) }));
  return [...others, { manager, operation: 'Apply', time: kubeTime(), fields: new Set(fields.keys()) }];
}

/** After any other write: whatever has another value now is the writer's alone. */
export function afterUpdate(
  managed: readonly ManagedFields[],
  manager: string,
  before: KubeObject | undefined,
  after: KubeObject,
): ManagedFields[] {
  const old = before ? ownedFields(before) : new Map<FieldPath, string>();
  const next = ownedFields(after);
  const changed = new Set([...next].filter(([field, value]) => old.get(field) !== value).map(([field]) => field));
  const lines = managed.map((line) => ({
    ...line,
    fields: new Set([...line.fields].filter((field) => next.has(field) && !changed.has(field))),
  }));
  if (changed.size === 0) return lines;
  const own = lines.find((line) => line.manager === manager && line.operation === 'Update');
  const fields = new Set([...(own?.fields ?? []), ...changed]);
  return [...lines.filter((line) => line !== own), { manager, operation: 'Update', time: kubeTime(), fields }];
}
