import type { ApiResource } from './api-resources.js';
import { dig, digText, isJson, type Json, type KubeObject } from './kube-object.js';

interface Column {
  readonly name: string;
  readonly type?: string;
  readonly format?: string;
  /** 0 always, 1 only in wide output. */
  readonly priority?: number;
  readonly cell: (object: KubeObject) => string | number;
}

const nameColumn: Column = { name: 'Name', format: 'name', cell: (object) => object.metadata.name };
const ageColumn: Column = { name: 'Age', cell: age };

const columns: Record<string, readonly Column[]> = {
  Node: [
    nameColumn,
    { name: 'Status', cell: nodeStatus },
    { name: 'Roles', cell: nodeRoles },
    ageColumn,
    { name: 'Version', cell: (node) => text(node, 'status', 'nodeInfo', 'kubeletVersion') },
    { name: 'Internal-IP', priority: 1, cell: (node) => nodeAddress(node, 'InternalIP') },
    { name: 'External-IP', priority: 1, cell: (node) => nodeAddress(node, 'ExternalIP') },
    { name: 'OS-Image', priority: 1, cell: (node) => text(node, 'status', 'nodeInfo', 'osImage') },
    { name: 'Kernel-Version', priority: 1, cell: (node) => text(node, 'status', 'nodeInfo', 'kernelVersion') },
    { name: 'Container-Runtime', priority: 1, cell: (node) => text(node, 'status', 'nodeInfo', 'containerRuntimeVersion') },
  ],
  Namespace: [nameColumn, { name: 'Status', cell: (object) => text(object, 'status', 'phase') }, ageColumn],
  Secret: [
    nameColumn,
    { name: 'Type', cell: (object) => (typeof object['type'] === 'string' ? object['type'] : 'Opaque') },
    { name: 'Data', type: 'integer', cell: (object) => count(object['data']) },
    ageColumn,
  ],
  ConfigMap: [
    nameColumn,
    { name: 'Data', type: 'integer', cell: (object) => count(object['data']) + count(object['binaryData']) },
    ageColumn,
  ],
  Pod: [
    nameColumn,
    { name: 'Ready', cell: () => '0/0' },
    { name: 'Status', cell: (object) => text(object, 'status', 'phase') },
    { name: 'Restarts', cell: () => '0' },
    ageColumn,
  ],
  Service: [
    nameColumn,
    { name: 'Type', cell: (object) => text(object, 'spec', 'type') },
    { name: 'Cluster-IP', cell: (object) => text(object, 'spec', 'clusterIP') },
    { name: 'External-IP', cell: () => '<none>' },
    { name: 'Port(s)', cell: servicePorts },
    ageColumn,
  ],
  CertificateSigningRequest: [
    nameColumn,
    ageColumn,
    { name: 'SignerName', cell: (object) => text(object, 'spec', 'signerName') },
    { name: 'Requestor', cell: (object) => text(object, 'spec', 'username') },
    { name: 'RequestedDuration', cell: () => '<none>' },
    { name: 'Condition', cell: csrCondition },
  ],
  ClusterRoleBinding: [
    nameColumn,
    { name: 'Role', cell: (object) => `${text(object, 'roleRef', 'kind')}/${text(object, 'roleRef', 'name')}` },
    ageColumn,
  ],
};

/** Whether the caller wants a Table (`kubectl get`). */
export function wantsTable(accept: string | undefined): boolean {
  return accept !== undefined && /as=Table/.test(accept) && /g=meta\.k8s\.io/.test(accept);
}

/** A `meta.k8s.io/v1 Table`; `include` as in `includeObject`: None, Metadata (default) or Object. */
export function toTable(resource: ApiResource, objects: readonly KubeObject[], metadata: Json, include: string | null): Json {
  const shown = columns[resource.kind] ?? [nameColumn, ageColumn];
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: shown.map(({ name, type = 'string', format = '', priority = 0 }) => ({
      name,
      type,
      format,
      description: name,
      priority,
    })),
    rows: objects.map((object) => ({ cells: shown.map(({ cell }) => cell(object)), ...rowObject(object, include) })),
  };
}

function rowObject(object: KubeObject, include: string | null): Json {
  if (include === 'None') return {};
  if (include === 'Object') return { object };
  return { object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata } };
}

function nodeStatus(node: KubeObject): string {
  const conditions = dig(node, 'status', 'conditions');
  const ready = Array.isArray(conditions) ? conditions.find((entry) => dig(entry, 'type') === 'Ready') : undefined;
  const word = ready === undefined ? 'Unknown' : dig(ready, 'status') === 'True' ? 'Ready' : 'NotReady';
  return dig(node, 'spec', 'unschedulable') === true ? `${word},SchedulingDisabled` : word;
}

function nodeRoles({ metadata }: KubeObject): string {
  const prefix = 'node-role.kubernetes.io/';
  const roles = Object.keys(metadata.labels ?? {}).filter((label) => label.startsWith(prefix));
  return roles.length === 0
    ? '<none>'
    : roles
        .map((label) => label.slice(prefix.length))
        .sort()
        .join(',');
}

function nodeAddress(node: KubeObject, type: string): string {
  const addresses = dig(node, 'status', 'addresses');
  const found = Array.isArray(addresses) ? addresses.find((entry) => dig(entry, 'type') === type) : undefined;
  return typeof dig(found, 'address') === 'string' ? String(dig(found, 'address')) : '<none>';
}

function servicePorts(service: KubeObject): string {
  const ports = dig(service, 'spec', 'ports');
  return Array.isArray(ports)
    ? ports.map((port) => `${String(dig(port, 'port'))}/${digText(port, 'protocol') || 'TCP'}`).join(',')
    : '<none>';
}

function csrCondition(csr: KubeObject): string {
  const conditions = dig(csr, 'status', 'conditions');
  const words = Array.isArray(conditions) ? conditions.map((entry) => String(dig(entry, 'type'))) : [];
  if (words.length === 0) return 'Pending';
  return dig(csr, 'status', 'certificate') === undefined ? words.join(',') : `${words.join(',')},Issued`;
}

function age({ metadata }: KubeObject): string {
  const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(metadata.creationTimestamp ?? '')) / 1000));
  if (Number.isNaN(seconds)) return '<unknown>';
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return seconds % 60 === 0 ? `${minutes}m` : `${minutes}m${seconds % 60}s`;
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return minutes % 60 === 0 ? `${hours}h` : `${hours}h${minutes % 60}m`;
  return hours < 48 ? `${hours}h` : `${Math.floor(hours / 24)}d`;
}

function text(object: KubeObject, ...path: string[]): string {
  const value = dig(object, ...path);
  return typeof value === 'string' && value !== '' ? value : '<none>';
}

function count(value: unknown): number {
  return isJson(value) ? Object.keys(value).length : 0;
}
