import type { KubeUser } from './kube-user.js';
import { dig, StatusError, type KubeObject } from './kube-object.js';
import type { SimulatedEtcd } from './simulated-etcd.js';

/** What somebody wants to do. A path instead of a resource for what is no object (`/version`). */
export type AccessRequest =
  | { readonly verb: string; readonly path: string }
  | {
      readonly verb: string;
      readonly group: string;
      readonly resource: string;
      readonly subresource?: string | undefined;
      readonly namespace: string;
      readonly name: string;
    };

interface Rule {
  verbs?: string[];
  apiGroups?: string[];
  resources?: string[];
  resourceNames?: string[];
  nonResourceURLs?: string[];
}

interface Subject {
  kind?: string;
  name?: string;
}

const rbac = 'rbac.authorization.k8s.io';

/** The Node and RBAC authorizers: system:masters may all, a node what is its own, everyone what the stored bindings say. */
export function mayAccess(user: KubeUser, request: AccessRequest, etcd: SimulatedEtcd): boolean {
  if (user.groups.includes('system:masters')) return true;
  if (nodeMay(user, request)) return true;
  for (const { object } of etcd.list(`${rbac}/clusterrolebindings`)) {
    if (bindsTo(object, user) && roleAllows(object, '', request, etcd)) return true;
  }
  if ('path' in request || request.namespace === '') return false;
  return etcd
    .list(`${rbac}/rolebindings`, request.namespace)
    .some(({ object }) => bindsTo(object, user) && roleAllows(object, request.namespace, request, etcd));
}

/** @throws StatusError 403 in the API server's words */
export function authorize(user: KubeUser, request: AccessRequest, etcd: SimulatedEtcd): void {
  if (mayAccess(user, request, etcd)) return;
  if ('path' in request) {
    throw new StatusError(403, 'Forbidden', `forbidden: User "${user.name}" cannot ${request.verb} path "${request.path}"`, {});
  }
  const { group, resource, subresource, name, namespace } = request;
  const full = subresource === undefined ? resource : `${resource}/${subresource}`;
  const plural = group === '' ? resource : `${resource}.${group}`;
  const subject = name === '' ? '' : ` "${name}"`;
  const scope = namespace === '' ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  throw new StatusError(
    403,
    'Forbidden',
    `${plural}${subject} is forbidden: User "${user.name}" cannot ${request.verb} resource "${full}" in API group "${group}" ${scope}`,
    { ...(name === '' ? {} : { name }), ...(group === '' ? {} : { group }), kind: resource },
  );
}

function bindsTo(binding: KubeObject, user: KubeUser): boolean {
  const subjects = binding['subjects'];
  if (!Array.isArray(subjects)) return false;
  return (subjects as Subject[]).some(({ kind, name }) =>
    kind === 'Group' ? user.groups.includes(name ?? '') : kind === 'User' && name === user.name,
  );
}

function roleAllows(binding: KubeObject, namespace: string, request: AccessRequest, etcd: SimulatedEtcd): boolean {
  const kind = dig(binding, 'roleRef', 'kind');
  const name = String(dig(binding, 'roleRef', 'name'));
  const role = kind === 'Role' ? etcd.get(`${rbac}/roles`, namespace, name) : etcd.get(`${rbac}/clusterroles`, '', name);
  const rules = role?.object['rules'];
  return Array.isArray(rules) && (rules as Rule[]).some((rule) => ruleAllows(rule, request));
}

function ruleAllows(rule: Rule, request: AccessRequest): boolean {
  if (!matches(rule.verbs, request.verb)) return false;
  if ('path' in request) {
    return (rule.nonResourceURLs ?? []).some((url) =>
      url.endsWith('*') ? request.path.startsWith(url.slice(0, -1)) : request.path === url,
    );
  }
  const { resource, subresource } = request;
  const full = subresource === undefined ? resource : `${resource}/${subresource}`;
  if (!matches(rule.apiGroups, request.group)) return false;
  if (!matches(rule.resources, full) && !(subresource !== undefined && rule.resources?.includes(`*/${subresource}`)))
    return false;
  return rule.resourceNames === undefined || rule.resourceNames.length === 0 || rule.resourceNames.includes(request.name);
}

function matches(allowed: readonly string[] | undefined, wanted: string): boolean {
  return allowed !== undefined && (allowed.includes('*') || allowed.includes(wanted));
}

const nodeReads = new Set([
  'nodes',
  'services',
  'endpoints',
  'pods',
  'configmaps',
  'secrets',
  'persistentvolumes',
  'persistentvolumeclaims',
  'csidrivers',
  'runtimeclasses',
]);

/** The Node authorizer with NodeRestriction: reads what kubelets read, writes the node's own objects. */
function nodeMay(user: KubeUser, request: AccessRequest): boolean {
  if (!user.groups.includes('system:nodes') || !user.name.startsWith('system:node:') || 'path' in request) return false;
  const node = user.name.slice('system:node:'.length);
  const { verb, resource } = request;
  if (['get', 'list', 'watch'].includes(verb)) return nodeReads.has(resource) || (ownKind(resource) && request.name === node);
  if (resource === 'nodes') return request.name === node && ['create', 'update', 'patch'].includes(verb);
  if (resource === 'certificatesigningrequests') return verb === 'create';
  if (resource === 'events') return ['create', 'patch', 'update'].includes(verb);
  return ownKind(resource) && (request.name === node || request.name === '') && verb !== 'deletecollection';
}

function ownKind(resource: string): boolean {
  return resource === 'leases' || resource === 'csinodes';
}
