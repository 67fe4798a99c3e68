import type { GuestEnvironment } from '../guest-environment.js';
import { dig, kubeTime, type Json, type KubeObject } from '../kubernetes/kube-object.js';
import type { SimulatedEtcd } from '../kubernetes/simulated-etcd.js';
import { KubeCallError, type GuestKubeClient } from './guest-kube-client.js';
import type { NodeRegistration } from './kubeadm-config.js';
import { phaseFailure } from './kubeadm-failure.js';

const controlPlaneRole = 'node-role.kubernetes.io/control-plane';
const notReadyMessage =
  'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized';

/** Label keys of Kubernetes' own domains that a kubelet may set on itself. Source: kubelet, `--node-labels`. */
const allowedLabels =
  /^(kubernetes\.io\/(hostname|os|arch)|beta\.kubernetes\.io\/.*|node\.kubernetes\.io\/.*|kubelet\.kubernetes\.io\/.*|topology\.kubernetes\.io\/.*|failure-domain\.beta\.kubernetes\.io\/.*)$/;

/** The Node a kubelet with these arguments registers. @throws KubeadmFailure when the kubelet would not start */
export function nodeObject(
  environment: GuestEnvironment,
  registration: NodeRegistration,
  role: 'master' | 'worker',
  version: string,
): KubeObject {
  const argument = (name: string): string | undefined =>
    registration.kubeletExtraArgs.findLast((entry) => entry.name === name)?.value;
  const labels = parseLabels(argument('node-labels') ?? '');
  const external = argument('cloud-provider') === 'external';
  const taints = registration.taints ?? (role === 'master' ? [{ key: controlPlaneRole, effect: 'NoSchedule' }] : []);
  const providerId = argument('provider-id');
  const address = argument('node-ip') ?? environment.localIp;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: registration.name,
      annotations: {
        'volumes.kubernetes.io/controller-managed-attach-detach': 'true',
        'alpha.kubernetes.io/provided-node-ip': address,
      },
      labels: {
        'beta.kubernetes.io/arch': 'amd64',
        'beta.kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        'kubernetes.io/hostname': registration.name,
        'kubernetes.io/os': 'linux',
        ...labels,
      },
    },
    spec: {
      ...(providerId === undefined ? {} : { providerID: providerId }),
      taints: [
        ...taints,
        ...(external ? [{ key: 'node.cloudprovider.kubernetes.io/uninitialized', value: 'true', effect: 'NoSchedule' }] : []),
      ],
    },
    status: {
      addresses: [
        { type: 'InternalIP', address },
        { type: 'Hostname', address: registration.name },
      ],
      allocatable: { cpu: '2', memory: '3909632Ki', 'ephemeral-storage': '18645Mi', pods: '110' },
      capacity: { cpu: '2', memory: '4012032Ki', 'ephemeral-storage': '20145Mi', pods: '110' },
      conditions: conditions(false, notReadyMessage),
      daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
      nodeInfo: {
        architecture: 'amd64',
        bootID: environment.server.id,
        containerRuntimeVersion: 'containerd://2.3.4',
        kernelVersion: 'simulated',
        kubeProxyVersion: version,
        kubeletVersion: version,
        machineID: environment.server.id.replaceAll('-', ''),
        operatingSystem: 'linux',
        osImage: `Simulated ${environment.server.image?.osDistro ?? 'Linux'}`,
        systemUUID: environment.server.id,
      },
    },
  };
}

/**
 * Registers the node with its own certificate; a Node left over under this name is taken over.
 */
export async function registerNode(client: GuestKubeClient, node: KubeObject): Promise<void> {
  try {
    await client.call({ method: 'POST', path: '/api/v1/nodes', body: node });
  } catch (error) {
    if (!(error instanceof KubeCallError) || error.reason !== 'AlreadyExists') throw error;
    const body = { metadata: { labels: node.metadata.labels }, status: node['status'] };
    const contentType = 'application/merge-patch+json';
    const path = `/api/v1/nodes/${node.metadata.name}`;
    await client.call({ method: 'PATCH', path, contentType, body: { metadata: body.metadata } });
    await client.call({ method: 'PATCH', path: `${path}/status`, contentType, body: { status: body.status } });
  }
}

/**
 * The same, without the wire: a worker's own connection would be one more TLS handshake that only tests the simulation
 * against itself, a thousand times in a large cluster.
 */
export function registerNodeInProcess(etcd: SimulatedEtcd, node: KubeObject): void {
  const live = etcd.get('/nodes', '', node.metadata.name)?.object;
  if (!live) etcd.put('/nodes', node);
  else {
    const labels = { ...live.metadata.labels, ...node.metadata.labels };
    etcd.put('/nodes', { ...live, metadata: { ...live.metadata, labels }, status: node['status'] });
  }
}

/** kubeadm's mark-control-plane: the role label, which no kubelet may set itself. */
export async function markControlPlane(admin: GuestKubeClient, name: string): Promise<void> {
  const labels = { [controlPlaneRole]: '', 'node.kubernetes.io/exclude-from-external-load-balancers': '' };
  await admin.call({
    method: 'PATCH',
    path: `/api/v1/nodes/${name}`,
    contentType: 'application/strategic-merge-patch+json',
    body: { metadata: { labels } },
  });
}

/**
 * A heartbeat, written straight into the simulated etcd: a thousand nodes need no thousand connections for it. A machine
 * speaks for its own Node alone: another one may have the name by now.
 */
export function postNodeStatus(
  etcd: SimulatedEtcd,
  { name, serverId }: { readonly name: string; readonly serverId: string },
  ready: boolean | 'unknown',
  message?: string,
): void {
  const node = etcd.get('/nodes', '', name)?.object;
  if (!node || dig(node, 'status', 'nodeInfo', 'systemUUID') !== serverId) return;
  const status = node['status'] as Json;
  const before = dig(status, 'conditions');
  const next =
    ready === 'unknown'
      ? silentConditions()
      : conditions(ready, message ?? (ready ? 'kubelet is posting ready status' : notReadyMessage));
  if (ready !== 'unknown') renewLease(etcd, node);
  etcd.put('/nodes', {
    ...node,
    status: { ...status, conditions: keepTransitions(next, Array.isArray(before) ? (before as Json[]) : []) },
  });
}

/** Where a kubelet says that it lives. Renewed with each status only: nobody here looks at its time. */
function renewLease(etcd: SimulatedEtcd, { metadata }: KubeObject): void {
  const renewTime = new Date().toISOString().replace('Z', '000Z');
  etcd.put('coordination.k8s.io/leases', {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      name: metadata.name,
      namespace: 'kube-node-lease',
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: metadata.name, uid: metadata.uid }],
    },
    spec: { holderIdentity: metadata.name, leaseDurationSeconds: 40, renewTime },
  });
}

function conditions(ready: boolean, message: string): Json[] {
  const now = kubeTime();
  const entry = (type: string, status: string, reason: string, text: string): Json => ({
    type,
    status,
    reason,
    message: text,
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  });
  return [
    entry('MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
    entry('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
    entry('PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
    entry('Ready', ready ? 'True' : 'False', ready ? 'KubeletReady' : 'KubeletNotReady', message),
  ];
}

function silentConditions(): Json[] {
  return conditions(false, '').map((entry) => ({
    ...entry,
    status: 'Unknown',
    reason: 'NodeStatusUnknown',
    message: 'Kubelet stopped posting node status.',
  }));
}

function keepTransitions(next: Json[], before: Json[]): Json[] {
  return next.map((entry) => {
    const old = before.find((candidate) => candidate['type'] === entry['type'] && candidate['status'] === entry['status']);
    return old ? { ...entry, lastTransitionTime: old['lastTransitionTime'] } : entry;
  });
}

function parseLabels(text: string): Record<string, string> {
  const labels = Object.fromEntries(
    text
      .split(',')
      .filter((part) => part !== '')
      .map((part): [string, string] => [part.split('=')[0] ?? '', part.split('=').slice(1).join('=')]),
  );
  const unknown = Object.keys(labels).filter((key) => /(^|\.)(kubernetes|k8s)\.io\//.test(key) && !allowedLabels.test(key));
  if (unknown.length === 0) return labels;
  throw phaseFailure(
    'kubelet-start',
    `failed while waiting for the kubelet to start: [kubelet-check] kubelet: unknown 'kubernetes.io' or 'k8s.io' labels specified with --node-labels: [${unknown.join(' ')}]`,
  );
}
