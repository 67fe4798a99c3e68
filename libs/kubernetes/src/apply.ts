import { parseAllDocuments } from 'yaml';
import { isNotFound, KubernetesError } from './errors.js';
import type { CallOptions, Transport } from './transport.js';

/** Any object of any API group. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [key: string]: unknown };
  readonly [key: string]: unknown;
}

/** An object's name in the cluster. */
export interface ObjectRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string | null;
  readonly name: string;
}

export interface ObjectLabel {
  readonly key: string;
  readonly value: string;
}

interface LabelledObject {
  readonly metadata: { readonly uid: string; readonly labels?: Readonly<Record<string, string>> };
}

interface WireResourceList {
  readonly resources: readonly { readonly name: string; readonly kind: string; readonly namespaced: boolean }[];
}

/** Applies objects on the server's side, and knows which paths kinds have once it has asked. */
export class Applier {
  readonly #known = new Map<string, WireResourceList['resources']>();
  readonly #asking = new Map<string, Promise<void>>();

  constructor(private readonly transport: Transport) {}

  /**
   * Applies objects in the order given, and takes over fields that other managers have set. Repeating it changes nothing.
   * A `List` is taken apart; an object without a namespace goes to `default` where its kind has namespaces.
   * @param manifest one object, or YAML of several
   * @param fieldManager who says so: what this manager said before and no longer says is removed
   * @returns the objects as the cluster has them now
   * A field that the cluster does not know is an error, as is one that is there twice.
   * @throws TypeError what is no object; KubernetesError, with 404 for a kind that the cluster does not know
   */
  async apply(manifest: KubernetesObject | string, fieldManager: string, options: CallOptions = {}): Promise<KubernetesObject[]> {
    const applied: KubernetesObject[] = [];
    for (const object of objectsOf(manifest)) {
      applied.push(
        await this.transport.json<KubernetesObject>({
          ...options,
          method: 'PATCH',
          path: await this.#pathOf(object, options),
          query: { fieldManager, force: 'true', fieldValidation: 'Strict' },
          contentType: 'application/apply-patch+yaml',
          body: object,
        }),
      );
    }
    return applied;
  }

  /**
   * Removes an object if it carries the label.
   * @returns false: there is none, or it is somebody else's
   */
  async remove(
    { apiVersion, kind, namespace, name }: ObjectRef,
    label: ObjectLabel,
    options: CallOptions = {},
  ): Promise<boolean> {
    const metadata = { name, ...(namespace === null ? {} : { namespace }) };
    try {
      const path = await this.#pathOf({ apiVersion, kind, metadata }, options);
      const live = await this.transport.json<LabelledObject>({ ...options, method: 'GET', path });
      if (live.metadata.labels?.[label.key] !== label.value) return false;
      const body = { propagationPolicy: 'Background', preconditions: { uid: live.metadata.uid } };
      await this.transport.json({ ...options, method: 'DELETE', path, body });
      return true;
    } catch (error) {
      // Its kind may have gone with the definition of it.
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  async #pathOf({ apiVersion, kind, metadata }: KubernetesObject, options: CallOptions): Promise<string> {
    const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const resource = await this.#resource(root, kind, options);
    const namespace = resource.namespaced ? `/namespaces/${encodeURIComponent(metadata.namespace ?? 'default')}` : '';
    return `${root}${namespace}/${resource.name}/${encodeURIComponent(metadata.name)}`;
  }

  async #resource(root: string, kind: string, options: CallOptions): Promise<WireResourceList['resources'][number]> {
    const known = this.#find(root, kind);
    if (known) return known;
    // Asked again for every unknown kind: a definition applied a moment ago may have brought it.
    await this.#discover(root, options);
    const found = this.#find(root, kind);
    if (found) return found;
    throw new KubernetesError(`the cluster knows no ${kind} in ${root.replace(/^\/apis?\//, '')}`, {
      failure: 'answered',
      server: this.transport.server,
      method: 'GET',
      path: root,
      httpStatus: 404,
      reason: 'NotFound',
    });
  }

  /** Whoever asks while the answer is under way gets the same one. */
  #discover(root: string, options: CallOptions): Promise<void> {
    const asking =
      this.#asking.get(root) ??
      this.transport
        .json<WireResourceList>({ ...options, method: 'GET', path: root })
        .then((list) => void this.#known.set(root, list.resources))
        .finally(() => this.#asking.delete(root));
    this.#asking.set(root, asking);
    return asking;
  }

  #find(root: string, kind: string): WireResourceList['resources'][number] | undefined {
    return this.#known.get(root)?.find((resource) => resource.kind === kind && !resource.name.includes('/'));
  }
}

function objectsOf(manifest: KubernetesObject | string): KubernetesObject[] {
  if (typeof manifest !== 'string') return flat(manifest);
  return parseAllDocuments(manifest, { version: '1.1' }).flatMap((document) => {
    if (document.errors[0]) throw new TypeError(`the manifest is no YAML: ${document.errors[0].message}`);
    const value: unknown = document.toJS();
    return value === null || value === undefined ? [] : flat(value);
  });
}

function flat(value: unknown): KubernetesObject[] {
  if (isList(value)) return value.items.flatMap((item) => flat(item));
  if (isObject(value)) return [value];
  throw new TypeError('a manifest has objects with apiVersion, kind and metadata.name');
}

function isList(value: unknown): value is { readonly items: readonly unknown[] } {
  return isRecord(value) && value['kind'] === 'List' && Array.isArray(value['items']);
}

function isObject(value: unknown): value is KubernetesObject {
  if (!isRecord(value) || typeof value['apiVersion'] !== 'string' || typeof value['kind'] !== 'string') return false;
  return isRecord(value['metadata']) && typeof value['metadata']['name'] === 'string';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
