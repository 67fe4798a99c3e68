import { SYSTEM, type Manifest } from '../manifest.js';

type Texts = Readonly<Record<string, string>>;

export function namespace(name: string, labels: Texts = {}): Manifest {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
}

export function configMap(name: string, data: Texts, inNamespace = SYSTEM): Manifest {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: inNamespace }, data };
}

export interface ServicePort {
  readonly name: string;
  readonly port: number;
  readonly targetPort?: number | string;
  readonly protocol?: 'TCP' | 'UDP';
}

/** @param rest further fields of the Service's spec */
export function service(
  name: string,
  selector: Texts,
  ports: readonly ServicePort[],
  rest: { readonly namespace?: string; readonly labels?: Texts; readonly spec?: object } = {},
): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: rest.namespace ?? SYSTEM, ...(rest.labels ? { labels: rest.labels } : {}) },
    spec: {
      selector,
      ports: ports.map((port) => ({ protocol: 'TCP', targetPort: port.port, ...port })),
      ...rest.spec,
    },
  };
}

/** Of `count` pods one may be away. */
export function disruptionBudget(name: string, matchLabels: Texts, inNamespace = SYSTEM): Manifest {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name, namespace: inNamespace },
    spec: { maxUnavailable: 1, selector: { matchLabels } },
  };
}

/** A kind whose objects are kept as they come: its owner checks them. */
export function customResource(
  group: string,
  kind: string,
  plural: string,
  options: { readonly scope?: 'Cluster' | 'Namespaced'; readonly singular?: string; readonly version?: string } = {},
): Manifest {
  const { scope = 'Cluster', singular = kind.toLowerCase(), version = 'v1' } = options;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope,
      names: { kind, listKind: `${kind}List`, plural, singular },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        },
      ],
    },
  };
}

export function csiDriver(name: string, spec: object): Manifest {
  return { apiVersion: 'storage.k8s.io/v1', kind: 'CSIDriver', metadata: { name }, spec };
}

export function storageClass(name: string, provisioner: string, options: { readonly isDefault: boolean }): Manifest {
  const annotations = { 'storageclass.kubernetes.io/is-default-class': String(options.isDefault) };
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name, annotations },
    provisioner,
    reclaimPolicy: 'Delete',
    allowVolumeExpansion: true,
    volumeBindingMode: 'WaitForFirstConsumer',
  };
}

/** Part of the cluster's API that a Service answers. Its certificate is its own, nobody's authority signs it. */
export function apiService(group: string, version: string, serviceName: string): Manifest {
  return {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: `${version}.${group}` },
    spec: {
      group,
      version,
      service: { name: serviceName, namespace: SYSTEM },
      insecureSkipTLSVerify: true,
      groupPriorityMinimum: 100,
      versionPriority: 100,
    },
  };
}
