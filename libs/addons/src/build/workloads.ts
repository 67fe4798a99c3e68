import { SYSTEM, type Manifest } from '../manifest.js';

type Texts = Readonly<Record<string, string>>;

/** A value, or where it is found: in the pod itself (`field`) or in a ConfigMap (`map/key`). */
export type EnvValue = string | { readonly field: string } | { readonly configMap: string; readonly key: string };

/** What of the node, of a ConfigMap or of a Secret is in a pod, and where. */
export interface Mount {
  readonly name: string;
  /** In the container. */
  readonly at: string;
  readonly hostPath?: string;
  readonly hostType?: 'Directory' | 'DirectoryOrCreate' | 'FileOrCreate';
  readonly configMap?: string;
  readonly secret?: string;
  /** Only these keys of the ConfigMap, by their names. */
  readonly items?: readonly string[];
  readonly readOnly?: boolean;
  readonly propagation?: 'Bidirectional' | 'HostToContainer';
}

export interface ContainerSpec {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, EnvValue>>;
  readonly mounts?: readonly Mount[];
  readonly ports?: readonly { readonly name: string; readonly port: number; readonly protocol?: 'TCP' | 'UDP' }[];
  /** Least share of a node: `{cpu: '100m', memory: '50Mi'}` */
  readonly requests?: Texts;
  readonly limits?: Texts;
  readonly liveness?: object;
  readonly readiness?: object;
  readonly security?: object;
  /** What is run before the container is stopped. */
  readonly shutdown?: readonly string[];
}

export interface PodSpec {
  readonly account?: string;
  readonly hostNetwork?: boolean;
  readonly priority?: 'system-node-critical' | 'system-cluster-critical';
  readonly tolerations?: readonly object[];
  readonly nodeSelector?: Texts;
  /** Nodes that carry this label, whatever its value. */
  readonly onNodesWith?: string;
  readonly init?: readonly ContainerSpec[];
  readonly containers: readonly ContainerSpec[];
  readonly security?: object;
  readonly annotations?: Texts;
  /** Further fields of the pod. */
  readonly rest?: object;
}

export const LINUX: Texts = { 'kubernetes.io/os': 'linux' };
export const CONTROL_PLANE = 'node-role.kubernetes.io/control-plane';

export const ANY_TAINT: readonly object[] = [{ operator: 'Exists' }];
export const CONTROL_PLANE_TAINT: readonly object[] = [{ key: CONTROL_PLANE, operator: 'Exists', effect: 'NoSchedule' }];
/** Of a node that no cloud controller manager has looked at. */
export const UNINITIALIZED_TAINT: readonly object[] = [
  { key: 'node.cloudprovider.kubernetes.io/uninitialized', operator: 'Exists', effect: 'NoSchedule' },
];

export const httpProbe = (path: string, port: string | number, rest: object = {}): object => ({
  httpGet: { path, port },
  ...rest,
});
export const execProbe = (command: readonly string[], rest: object = {}): object => ({ exec: { command }, ...rest });

/** One pod on each node that its rules take in. */
export function daemonSet(name: string, labels: Texts, pod: PodSpec, namespace = SYSTEM): Manifest {
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name, namespace, labels },
    spec: {
      selector: { matchLabels: labels },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } },
      template: template(labels, pod),
    },
  };
}

export interface Rollout {
  readonly replicas?: number;
  /** The old pod goes before the new one comes. */
  readonly recreate?: boolean;
}

export function deployment(name: string, labels: Texts, pod: PodSpec, rollout: Rollout = {}, namespace = SYSTEM): Manifest {
  const { replicas = 1, recreate = false } = rollout;
  const strategy = recreate ? { type: 'Recreate' } : { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace, labels },
    spec: { replicas, selector: { matchLabels: labels }, strategy, template: template(labels, pod) },
  };
}

function template(labels: Texts, pod: PodSpec): object {
  const volumes = new Map<string, object>();
  for (const { mounts = [] } of [...(pod.init ?? []), ...pod.containers]) {
    for (const mount of mounts) volumes.set(mount.name, volume(mount));
  }
  const affinity = pod.onNodesWith && {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: pod.onNodesWith, operator: 'Exists' }] }],
      },
    },
  };
  return {
    metadata: { labels, ...(pod.annotations ? { annotations: pod.annotations } : {}) },
    spec: {
      ...(pod.account ? { serviceAccountName: pod.account } : {}),
      ...(pod.hostNetwork ? { hostNetwork: true } : {}),
      ...(pod.priority ? { priorityClassName: pod.priority } : {}),
      ...(pod.tolerations ? { tolerations: pod.tolerations } : {}),
      nodeSelector: pod.nodeSelector ?? LINUX,
      ...(affinity ? { affinity } : {}),
      ...(pod.security ? { securityContext: pod.security } : {}),
      ...(pod.init ? { initContainers: pod.init.map(container) } : {}),
      containers: pod.containers.map(container),
      ...(volumes.size > 0 ? { volumes: [...volumes.values()] } : {}),
      ...pod.rest,
    },
  };
}

function container(spec: ContainerSpec): object {
  const { name, image, command, args, env, mounts, ports, requests, limits, liveness, readiness, security, shutdown } = spec;
  return {
    name,
    image,
    imagePullPolicy: 'IfNotPresent',
    ...(command ? { command } : {}),
    ...(args ? { args } : {}),
    ...(env ? { env: Object.entries(env).map(([key, value]) => ({ name: key, ...envValue(value) })) } : {}),
    ...(ports
      ? { ports: ports.map((one) => ({ name: one.name, containerPort: one.port, protocol: one.protocol ?? 'TCP' })) }
      : {}),
    ...(requests || limits ? { resources: { ...(limits ? { limits } : {}), ...(requests ? { requests } : {}) } } : {}),
    ...(liveness ? { livenessProbe: liveness } : {}),
    ...(readiness ? { readinessProbe: readiness } : {}),
    ...(security ? { securityContext: security } : {}),
    ...(shutdown ? { lifecycle: { preStop: { exec: { command: shutdown } } } } : {}),
    ...(mounts ? { volumeMounts: mounts.map(volumeMount) } : {}),
  };
}

function envValue(value: EnvValue): object {
  if (typeof value === 'string') return { value };
  if ('field' in value) return { valueFrom: { fieldRef: { fieldPath: value.field } } };
  return { valueFrom: { configMapKeyRef: { name: value.configMap, key: value.key } } };
}

function volumeMount({ name, at, readOnly, propagation }: Mount): object {
  return {
    name,
    mountPath: at,
    ...(readOnly ? { readOnly } : {}),
    ...(propagation ? { mountPropagation: propagation } : {}),
  };
}

function volume({ name, hostPath, hostType, configMap, secret, items }: Mount): object {
  if (hostPath !== undefined) return { name, hostPath: { path: hostPath, ...(hostType ? { type: hostType } : {}) } };
  const keys = items ? { items: items.map((key) => ({ key, path: key })) } : {};
  if (configMap !== undefined) return { name, configMap: { name: configMap, ...keys } };
  if (secret !== undefined) return { name, secret: { secretName: secret, ...keys } };
  return { name, emptyDir: {} };
}
