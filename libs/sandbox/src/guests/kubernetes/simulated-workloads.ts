import { dig, digText, isJson, unbase64, type Json, type KubeObject } from './kube-object.js';
import type { SimulatedEtcd } from './simulated-etcd.js';

const CNI_DIRECTORY = '/etc/cni/net.d';
const OCCM = 'openstack-cloud-controller-manager';
/** Taints that every DaemonSet's pods bear with by themselves. Source: kubernetes.io, DaemonSet. */
const BORNE_ANYWAY = [
  'node.kubernetes.io/not-ready',
  'node.kubernetes.io/unreachable',
  'node.kubernetes.io/disk-pressure',
  'node.kubernetes.io/memory-pressure',
  'node.kubernetes.io/pid-pressure',
  'node.kubernetes.io/unschedulable',
  'node.kubernetes.io/network-unavailable',
];

/** What a cloud controller manager acts by. */
export interface CloudCredential {
  readonly authUrl: string;
  readonly userId: string;
  readonly password: string;
  readonly trustId: string;
}

/** Whether pods of a DaemonSet on this node put a network configuration in place: only then is a kubelet Ready. */
export function hasPodNetwork(etcd: SimulatedEtcd, node: KubeObject): boolean {
  return daemonSets(etcd).some(
    (set) =>
      volumes(set).some((volume) => digText(volume, 'hostPath', 'path').replace(/\/+$/, '') === CNI_DIRECTORY) &&
      runsOn(etcd, set, node),
  );
}

/** The credential of a cloud controller manager that can run in this cluster; null without one, or without its configuration. */
export function cloudProviderOf(etcd: SimulatedEtcd): CloudCredential | null {
  const nodes = etcd.list('/nodes').map(({ object }) => object);
  const set = daemonSets(etcd).find(
    (one) => textOf(containers(one)).includes(OCCM) && nodes.some((node) => runsOn(etcd, one, node)),
  );
  if (!set) return null;
  for (const volume of volumes(set)) {
    const secret = etcd.get('/secrets', 'kube-system', digText(volume, 'secret', 'secretName'))?.object;
    const conf = unbase64(dig(secret, 'data', 'cloud.conf'));
    const credential = readCloudConf(conf);
    if (credential) return credential;
  }
  return null;
}

function daemonSets(etcd: SimulatedEtcd): KubeObject[] {
  return etcd.list('apps/daemonsets').map(({ object }) => object);
}

const podOf = (set: KubeObject): unknown => dig(set, 'spec', 'template', 'spec');
const listIn = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isJson) : []);
const volumes = (set: KubeObject): Json[] => listIn(dig(podOf(set), 'volumes'));
const containers = (set: KubeObject): Json[] => [
  ...listIn(dig(podOf(set), 'initContainers')),
  ...listIn(dig(podOf(set), 'containers')),
];
const textOf = (value: unknown): string => JSON.stringify(value);

/** Its pods can be made, are let onto the node, and find what they mount. */
function runsOn(etcd: SimulatedEtcd, set: KubeObject, node: KubeObject): boolean {
  const pod = podOf(set);
  const space = set.metadata.namespace ?? '';
  const account = digText(pod, 'serviceAccountName') || 'default';
  if (account !== 'default' && !etcd.get('/serviceaccounts', space, account)) return false;
  const missing = volumes(set).some((volume) => {
    const map = digText(volume, 'configMap', 'name');
    const secret = digText(volume, 'secret', 'secretName');
    return (map !== '' && !etcd.get('/configmaps', space, map)) || (secret !== '' && !etcd.get('/secrets', space, secret));
  });
  return !missing && fits(pod, node);
}

function fits(pod: unknown, node: KubeObject): boolean {
  const labels = node.metadata.labels ?? {};
  const selector = dig(pod, 'nodeSelector');
  if (isJson(selector) && Object.entries(selector).some(([key, value]) => labels[key] !== value)) return false;
  const required = dig(pod, 'affinity', 'nodeAffinity', 'requiredDuringSchedulingIgnoredDuringExecution', 'nodeSelectorTerms');
  const terms = listIn(required);
  const meets = (term: Json): boolean =>
    listIn(term['matchExpressions']).every((one) => one['operator'] !== 'Exists' || String(one['key']) in labels);
  if (terms.length > 0 && !terms.some(meets)) return false;
  const tolerations = listIn(dig(pod, 'tolerations'));
  return listIn(dig(node, 'spec', 'taints'))
    .filter((taint) => taint['effect'] !== 'PreferNoSchedule' && !BORNE_ANYWAY.includes(String(taint['key'])))
    .every((taint) => tolerations.some((toleration) => tolerates(toleration, taint)));
}

function tolerates(toleration: Json, taint: Json): boolean {
  const { key, operator = 'Equal', value = '', effect } = toleration;
  if (effect !== undefined && effect !== taint['effect']) return false;
  if (key === undefined) return operator === 'Exists';
  return key === taint['key'] && (operator === 'Exists' || value === (taint['value'] ?? ''));
}

function readCloudConf(text: string): CloudCredential | null {
  const values = new Map<string, string>();
  let section = '';
  for (const line of text.split('\n')) {
    section = /^\[(\w+)\]/.exec(line)?.[1] ?? section;
    const [, key = '', value = ''] = /^([\w-]+)\s*=\s*(.*)$/.exec(line) ?? [];
    if (section === 'Global' && key !== '') values.set(key, value.replace(/^"(.*)"$/, '$1').replaceAll(/\\(.)/g, '$1'));
  }
  const [authUrl, userId, password, trustId] = ['auth-url', 'user-id', 'password', 'trust-id'].map((key) => values.get(key));
  return authUrl && userId && password && trustId ? { authUrl, userId, password, trustId } : null;
}
