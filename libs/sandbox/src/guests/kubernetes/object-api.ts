import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { apiVersionOf, isReview, resourceKey } from './api-resources.js';
import { jsonBody, verbOf, type ObjectRequest } from './api-request.js';
import type { KubeUser } from './kube-user.js';
import { authorize } from './authorization.js';
import { answerReview } from './access-reviews.js';
import { namespace as newNamespace } from './default-objects.js';
import { assertEvictable } from './disruption-budgets.js';
import { dig, digText, isJson, StatusError, type Json, type KubeObject } from './kube-object.js';
import { afterApply, afterUpdate, conflictsOf, readManaged, writeManaged } from './managed-fields.js';
import { jsonPatch, mergePatch, serverSideApply, strategicMergePatch } from './patch-object.js';
import { fieldSelector, labelSelector, type Selector } from './selectors.js';
import type { SimulatedControllerManager } from './simulated-controller-manager.js';
import type { Entry, SimulatedEtcd } from './simulated-etcd.js';
import { toTable, wantsTable } from './object-table.js';
import { refuseConflicts, refuseImmutable, refuseUnknown } from './write-rules.js';
import { serveWatch } from './watch-stream.js';

export interface ObjectAnswer {
  readonly code: number;
  /** A value to be written as JSON, or JSON text made before. */
  readonly body: unknown;
}

/** Reads and writes of objects: what the generic registry of an API server does, kinds kept inert. */
export class ObjectApi {
  readonly #etcd: SimulatedEtcd;

  constructor(readonly controllers: SimulatedControllerManager) {
    this.#etcd = controllers.etcd;
  }

  /** Answers, or takes over the response (a watch) and returns undefined. @throws StatusError */
  handle(request: ObjectRequest, user: KubeUser, body: unknown, response: ServerResponse): ObjectAnswer | undefined {
    const verb = verbOf(request);
    const { resource, namespace, name, subresource } = request;
    if (!(verb === 'create' && resource.plural === 'nodes')) this.#authorize(user, verb, request, name);
    if (isReview(resource)) {
      if (verb !== 'create')
        throw new StatusError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource');
      return { code: 201, body: answerReview(resource, jsonBody(body), user, this.#etcd) };
    }
    const wanted = selectors(request);
    switch (verb) {
      case 'get':
        return this.#get(request);
      case 'list':
        return this.#list(request, wanted);
      case 'watch':
        serveWatch(request, wanted, this.#etcd, response);
        return undefined;
      case 'create':
        if (subresource === 'eviction') {
          assertEvictable(this.#etcd, namespace, name);
          return this.#remove(request, jsonBody(body));
        }
        return this.#create(request, user, jsonBody(body));
      case 'update':
        return this.#update(request, user, jsonBody(body));
      case 'patch':
        return this.#patch(request, user, body);
      case 'delete':
        return this.#remove(request, isJson(body) ? body : {});
      default:
        for (const { object } of this.#entries(request)) {
          if (wanted(object))
            this.#etcd.delete(resourceKey(resource), object.metadata.namespace ?? namespace, object.metadata.name);
        }
        return { code: 200, body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' } };
    }
  }

  #authorize(user: KubeUser, verb: string, request: ObjectRequest, name: string): void {
    const { resource, namespace, subresource } = request;
    authorize(user, { verb, group: resource.group, resource: resource.plural, subresource, namespace, name }, this.#etcd);
  }

  #entries({ resource, namespace }: ObjectRequest): Entry[] {
    return this.#etcd.list(resourceKey(resource), namespace === '' ? undefined : namespace);
  }

  #entry(request: ObjectRequest): Entry {
    const { resource, namespace, name } = request;
    if (resource.plural === 'configmaps' && name === 'cluster-info') this.controllers.refreshClusterInfo();
    const entry = this.#etcd.get(resourceKey(resource), namespace, name);
    if (!entry) throw notFound(request);
    return entry;
  }

  #get(request: ObjectRequest): ObjectAnswer {
    const entry = this.#entry(request);
    if (!wantsTable(request.accept)) return { code: 200, body: entry.json() };
    const metadata = { resourceVersion: entry.object.metadata.resourceVersion };
    return { code: 200, body: toTable(request.resource, [entry.object], metadata, request.query.get('includeObject')) };
  }

  #list(request: ObjectRequest, wanted: Selector): ObjectAnswer {
    const { resource, query } = request;
    const entries = this.#entries(request).filter(({ object }) => wanted(object));
    const metadata = { resourceVersion: String(this.#etcd.revision) };
    if (wantsTable(request.accept)) {
      const objects = entries.map(({ object }) => object).sort((a, b) => keyText(a).localeCompare(keyText(b)));
      return { code: 200, body: toTable(resource, objects, metadata, query.get('includeObject')) };
    }
    const head = JSON.stringify({ kind: `${resource.kind}List`, apiVersion: apiVersionOf(resource), metadata });
    return { code: 200, body: `${head.slice(0, -1)},"items":[${entries.map((entry) => entry.json()).join(',')}]}` };
  }

  #create(request: ObjectRequest, user: KubeUser, body: Json): ObjectAnswer {
    const { resource } = request;
    let object = this.#complete(request, body);
    const { name, namespace = '' } = object.metadata;
    if (resource.plural === 'nodes') this.#authorize(user, 'create', request, user.groups.includes('system:nodes') ? name : '');
    if (resource.namespaced && !this.#etcd.get('/namespaces', '', namespace)) {
      throw new StatusError(404, 'NotFound', `namespaces "${namespace}" not found`, { name: namespace, kind: 'namespaces' });
    }
    if (this.#etcd.get(resourceKey(resource), namespace, name)) throw alreadyExists(request, name);
    if (resource.plural === 'namespaces')
      object = { ...newNamespace(name), ...object, spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } };
    if (resource.plural === 'certificatesigningrequests') object = this.#newCsr(object, user);
    if (isDryRun(request)) return { code: 201, body: object };
    return { code: 201, body: this.#etcd.put(resourceKey(resource), this.#managed(request, undefined, object)) };
  }

  #newCsr(object: KubeObject, user: KubeUser): KubeObject {
    const spec = { ...(object['spec'] as Json | undefined), username: user.name, groups: user.groups };
    try {
      return this.controllers.processCsr({ ...object, spec, status: {} }, user);
    } catch (error) {
      throw new StatusError(
        422,
        'Invalid',
        `CertificateSigningRequest.certificates.k8s.io "${object.metadata.name}" is invalid: spec.request: Invalid value: ${(error as Error).message}`,
      );
    }
  }

  #update(request: ObjectRequest, user: KubeUser, body: Json): ObjectAnswer {
    const { object: before } = this.#entry(request);
    const next = this.#complete(request, body);
    if (next.metadata.resourceVersion !== undefined && next.metadata.resourceVersion !== before.metadata.resourceVersion) {
      throw conflict(request);
    }
    return this.#store(request, user, before, next);
  }

  #patch(request: ObjectRequest, user: KubeUser, body: unknown): ObjectAnswer {
    const { contentType } = request;
    if (contentType === 'application/apply-patch+yaml') return this.#apply(request, jsonBody(body));
    const { object: before } = this.#entry(request);
    const next = patched(contentType, before, body);
    if (next.metadata.resourceVersion !== before.metadata.resourceVersion) throw conflict(request);
    return this.#store(request, user, before, this.#complete(request, next));
  }

  /** Server-side apply: what others have set to another value is theirs, unless it is taken by force. */
  #apply(request: ObjectRequest, body: Json): ObjectAnswer {
    const { resource, namespace, name, query } = request;
    const key = resourceKey(resource);
    const manager = query.get('fieldManager');
    if (!manager)
      throw new StatusError(
        422,
        'Invalid',
        'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
      );
    const entry = this.#etcd.get(key, namespace, name);
    const wanted = this.#complete(request, body);
    if (resource.namespaced && !this.#etcd.get('/namespaces', '', namespace)) {
      throw new StatusError(404, 'NotFound', `namespaces "${namespace}" not found`, { name: namespace, kind: 'namespaces' });
    }
    const managed = readManaged(entry?.object);
    if (query.get('force') !== 'true') refuseConflicts(conflictsOf(entry?.object, wanted, manager, managed));
    const merged = serverSideApply(entry?.object, entry?.applied[manager], wanted);
    refuseImmutable(resource, entry?.object, merged);
    if (isDryRun(request)) return { code: 200, body: merged };
    const managedFields = writeManaged(afterApply(managed, manager, wanted, entry?.object), apiVersionOf(resource));
    const next = { ...merged, metadata: { ...merged.metadata, managedFields } };
    const same = entry !== undefined && JSON.stringify(entry.applied[manager]) === JSON.stringify(wanted);
    const applied = same ? undefined : { ...entry?.applied, [manager]: wanted };
    return { code: entry ? 200 : 201, body: this.#etcd.put(key, next, applied) };
  }

  /** Whoever writes without applying owns what he has changed. */
  #managed(request: ObjectRequest, before: KubeObject | undefined, next: KubeObject): KubeObject {
    const manager = request.query.get('fieldManager') ?? 'unknown';
    const lines = afterUpdate(readManaged(before), manager, before, next);
    const managedFields = writeManaged(lines, apiVersionOf(request.resource));
    const { managedFields: _old, ...metadata } = next.metadata;
    return { ...next, metadata: managedFields.length > 0 ? { ...metadata, managedFields } : metadata };
  }

  /** A write to a subresource changes only what is its own. */
  #store(request: ObjectRequest, user: KubeUser, before: KubeObject, next: KubeObject): ObjectAnswer {
    const { resource, subresource } = request;
    let object = next;
    if (subresource === 'status' || subresource === 'approval') {
      object = {
        ...before,
        status: next['status'],
        metadata: { ...before.metadata, ...pick(next.metadata, ['labels', 'annotations']) },
      };
    } else if (resource.subresources.includes('status')) object = { ...next, status: before['status'] };
    if (object['status'] === undefined) delete object['status'];
    if (isDryRun(request)) return { code: 200, body: object };
    refuseImmutable(resource, before, object);
    const stored = this.#etcd.put(resourceKey(resource), this.#managed(request, before, object));
    if (resource.plural !== 'certificatesigningrequests') return { code: 200, body: stored };
    return { code: 200, body: this.controllers.signStored(stored.metadata.name, user) ?? stored };
  }

  #remove(request: ObjectRequest, options: Json): ObjectAnswer {
    const { resource, namespace, name } = request;
    const { object } = this.#entry(request);
    const uid = dig(options, 'preconditions', 'uid');
    if (uid !== undefined && uid !== object.metadata.uid) throw conflict(request);
    const success = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: { name, kind: resource.plural, uid: object.metadata.uid },
    };
    if (isDryRun(request)) return { code: 200, body: success };
    if (resource.plural === 'namespaces') this.#emptyNamespace(name);
    if (resource.plural === 'nodes') this.#collectPods(name);
    this.#etcd.delete(resourceKey(resource), namespace, name);
    return { code: 200, body: success };
  }

  /** The pod garbage collector: what ran on a node that is no more. */
  #collectPods(node: string): void {
    for (const { object } of this.#etcd.list('/pods')) {
      if (dig(object, 'spec', 'nodeName') !== node) continue;
      this.#etcd.delete('/pods', object.metadata.namespace ?? '', object.metadata.name);
    }
  }

  #emptyNamespace(name: string): void {
    for (const key of this.#etcd.resources()) {
      for (const { object } of this.#etcd.list(key, name)) this.#etcd.delete(key, name, object.metadata.name);
    }
  }

  /** Checks kind and names, fills in what the path says. @throws StatusError 400, 422 */
  #complete(request: ObjectRequest, body: Json): KubeObject {
    const { resource, namespace } = request;
    const apiVersion = apiVersionOf(resource);
    if (body['kind'] !== undefined && (body['kind'] !== resource.kind || body['apiVersion'] !== apiVersion)) {
      throw new StatusError(
        400,
        'BadRequest',
        `${resource.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: no kind "${digText(body, 'kind')}" is registered for version "${digText(body, 'apiVersion')}"`,
      );
    }
    refuseUnknown(request, body);
    const metadata: Json = isJson(body['metadata']) ? { ...body['metadata'] } : {};
    delete metadata['managedFields'];
    if (metadata['name'] === undefined && typeof metadata['generateName'] === 'string') {
      metadata['name'] = `${metadata['generateName']}${randomBytes(3).toString('hex').slice(0, 5)}`;
    }
    const name = metadata['name'] ?? request.name;
    if (typeof name !== 'string' || name === '') {
      throw new StatusError(
        422,
        'Invalid',
        `${resource.kind} is invalid: [metadata.name: Required value: name or generateName is required]`,
      );
    }
    if (request.name !== '' && name !== request.name) {
      throw new StatusError(
        400,
        'BadRequest',
        `the name of the object (${name}) does not match the name on the URL (${request.name})`,
      );
    }
    if (resource.namespaced) {
      if (metadata['namespace'] !== undefined && metadata['namespace'] !== namespace) {
        throw new StatusError(
          400,
          'BadRequest',
          'the namespace of the provided object does not match the namespace sent on the request',
        );
      }
      metadata['namespace'] = namespace;
    } else delete metadata['namespace'];
    if (resource.plural === 'nodes' && !/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(name)) {
      throw new StatusError(
        422,
        'Invalid',
        `Node "${name}" is invalid: metadata.name: Invalid value: "${name}": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.'`,
      );
    }
    const object: KubeObject = { ...body, apiVersion, kind: resource.kind, metadata: { ...metadata, name } };
    return resource.plural === 'secrets' ? withStringData(object) : object;
  }
}

function patched(contentType: string, before: KubeObject, body: unknown): KubeObject {
  switch (contentType) {
    case 'application/merge-patch+json':
      return mergePatch(before, jsonBody(body)) as KubeObject;
    case 'application/strategic-merge-patch+json':
      return strategicMergePatch(before, jsonBody(body)) as KubeObject;
    case 'application/json-patch+json':
      return jsonPatch(before, body) as KubeObject;
    default:
      throw new StatusError(
        415,
        'UnsupportedMediaType',
        `the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml`,
      );
  }
}

function withStringData(secret: KubeObject): KubeObject {
  const { stringData, ...rest } = secret;
  if (!isJson(stringData)) return { type: 'Opaque', ...secret };
  const encoded = Object.entries(stringData).map(([key, value]) => [key, Buffer.from(String(value)).toString('base64')]);
  return {
    type: 'Opaque',
    ...rest,
    data: { ...(rest['data'] as Json | undefined), ...Object.fromEntries(encoded) },
  };
}

function selectors({ query }: ObjectRequest): Selector {
  const byLabel = labelSelector(query.get('labelSelector'));
  const byField = fieldSelector(query.get('fieldSelector'));
  return (object) => byLabel(object) && byField(object);
}

function isDryRun({ query }: ObjectRequest): boolean {
  return query.get('dryRun') === 'All';
}

function keyText({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

function pick(object: Json, keys: readonly string[]): Json {
  return Object.fromEntries(keys.filter((key) => object[key] !== undefined).map((key) => [key, object[key]]));
}

function qualified({ resource }: ObjectRequest): string {
  return resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`;
}

function details({ resource }: ObjectRequest, name: string): Json {
  return { name, ...(resource.group === '' ? {} : { group: resource.group }), kind: resource.plural };
}

function notFound(request: ObjectRequest): StatusError {
  return new StatusError(404, 'NotFound', `${qualified(request)} "${request.name}" not found`, details(request, request.name));
}

function alreadyExists(request: ObjectRequest, name: string): StatusError {
  return new StatusError(409, 'AlreadyExists', `${qualified(request)} "${name}" already exists`, details(request, name));
}

function conflict(request: ObjectRequest): StatusError {
  return new StatusError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${qualified(request)} "${request.name}": the object has been modified; please apply your changes to the latest version and try again`,
    details(request, request.name),
  );
}
