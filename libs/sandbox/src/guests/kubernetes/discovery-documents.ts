import { apiGroups, apiResources, apiVersionOf, isReview, type ApiResource } from './api-resources.js';
import type { Json } from './kube-object.js';

const storedVerbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

/** Answers discovery paths (`/api`, `/apis`, `/api/v1`, `/apis/<group>[/<version>]`), undefined for any other. */
export function discoveryDocument(path: string, serverAddress: string): Json | undefined {
  if (path === '/api') {
    return {
      kind: 'APIVersions',
      versions: ['v1'],
      serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
    };
  }
  if (path === '/apis') return { kind: 'APIGroupList', apiVersion: 'v1', groups: apiGroups().map(groupDocument) };
  if (path === '/api/v1') return resourceList('', 'v1');
  const [, group, version] = /^\/apis\/([^/]+)(?:\/([^/]+))?$/.exec(path) ?? [];
  const found = apiGroups().find((entry) => entry.group === group && (version === undefined || entry.version === version));
  if (!found) return undefined;
  return version === undefined
    ? { kind: 'APIGroup', apiVersion: 'v1', ...groupDocument(found) }
    : resourceList(found.group, found.version);
}

function groupDocument({ group, version }: { group: string; version: string }): Json {
  const entry = { groupVersion: `${group}/${version}`, version };
  return { name: group, versions: [entry], preferredVersion: entry };
}

function resourceList(group: string, version: string): Json {
  const resources = apiResources.filter((resource) => resource.group === group && resource.version === version);
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: apiVersionOf({ group, version }),
    resources: resources.flatMap(resourceEntries),
  };
}

function resourceEntries(resource: ApiResource): Json[] {
  const { plural, kind, namespaced, shortNames, categories } = resource;
  return [
    {
      name: plural,
      singularName: kind.toLowerCase(),
      namespaced,
      kind,
      verbs: isReview(resource) ? ['create'] : storedVerbs,
      ...(shortNames.length > 0 ? { shortNames } : {}),
      ...(categories.length > 0 ? { categories } : {}),
    },
    ...resource.subresources.map((name) => ({
      name: `${plural}/${name}`,
      singularName: '',
      namespaced,
      kind: name === 'eviction' ? 'Eviction' : kind,
      ...(name === 'eviction' ? { group: 'policy', version: 'v1' } : {}),
      verbs: name === 'eviction' ? ['create'] : ['get', 'patch', 'update'],
    })),
  ];
}

/** `/openapi/v3`: where the documents of the groups are. */
export function openApiIndex(): Json {
  const versions = new Set(apiResources.map((resource) => groupPath(resource)));
  return {
    paths: Object.fromEntries([...versions].map((path) => [path, { serverRelativeURL: `/openapi/v3/${path}?hash=simulated` }])),
  };
}

/**
 * A document that tells clients which kinds exist and that writes validate fields on the server's side
 * (kubectl looks for `fieldValidation` there before it applies); it describes no fields.
 */
export function openApiDocument(path: string): Json | undefined {
  const resources = apiResources.filter((resource) => groupPath(resource) === path);
  if (resources.length === 0) return undefined;
  const paths: Record<string, Json> = {};
  const schemas: Record<string, Json> = {};
  for (const resource of resources) {
    const kind = { group: resource.group, version: resource.version, kind: resource.kind };
    const collection = `/${path}/${resource.namespaced ? 'namespaces/{namespace}/' : ''}${resource.plural}`;
    const operation = (action: string): Json => ({
      'x-kubernetes-action': action,
      'x-kubernetes-group-version-kind': kind,
      parameters: ['dryRun', 'fieldManager', 'fieldValidation'].map((name) => ({
        name,
        in: 'query',
        schema: { type: 'string' },
      })),
      responses: { '200': { description: 'OK' } },
    });
    paths[collection] = { post: operation('post') };
    paths[`${collection}/{name}`] = { put: operation('put'), patch: operation('patch') };
    schemas[`simulated.${resource.group === '' ? 'core' : resource.group}.${resource.version}.${resource.kind}`] = {
      type: 'object',
      'x-kubernetes-preserve-unknown-fields': true,
      'x-kubernetes-group-version-kind': [kind],
    };
  }
  return { openapi: '3.0.0', info: { title: 'Kubernetes (simulated)', version: 'v1' }, paths, components: { schemas } };
}

function groupPath({ group, version }: Pick<ApiResource, 'group' | 'version'>): string {
  return group === '' ? `api/${version}` : `apis/${group}/${version}`;
}
