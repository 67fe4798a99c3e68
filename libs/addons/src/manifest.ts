/** An object as it is applied. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ManifestMeta;
  readonly [field: string]: unknown;
}

export interface ManifestMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

/** An object's name in the cluster. */
export interface ObjectKey {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string | null;
  readonly name: string;
}

export function keyOf({ apiVersion, kind, metadata }: Manifest): ObjectKey {
  return { apiVersion, kind, namespace: metadata.namespace ?? null, name: metadata.name };
}

/** Versions of a group are ways to see one object, so they do not count. */
export function keyText({ apiVersion, kind, namespace, name }: ObjectKey): string {
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  return [group, kind, namespace ?? '', name].join('/');
}

export const SYSTEM = 'kube-system';
