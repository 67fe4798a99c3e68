import { createHash } from 'node:crypto';
import { digText, kubeTime, type KubeObject } from '../kubernetes/kube-object.js';
import type { InitSettings } from './kubeadm-config.js';

export interface ControlPlanePlace {
  readonly nodeName: string;
  readonly address: string;
  readonly certificatesDir: string;
  readonly version: string;
}

/** The mirror pods of what kubeadm writes to /etc/kubernetes/manifests. Source: kubeadm 1.36, phases control-plane and etcd. */
export function staticPods(place: ControlPlanePlace): KubeObject[] {
  const { nodeName, address, certificatesDir: dir, version } = place;
  const etcd = [
    'etcd',
    `--advertise-client-urls=https://${address}:2379`,
    `--cert-file=${dir}/etcd/server.crt`,
    '--client-cert-auth=true',
    '--data-dir=/var/lib/etcd',
    `--key-file=${dir}/etcd/server.key`,
    `--listen-client-urls=https://127.0.0.1:2379,https://${address}:2379`,
    `--listen-peer-urls=https://${address}:2380`,
    `--name=${nodeName}`,
    `--trusted-ca-file=${dir}/etcd/ca.crt`,
  ];
  return [
    staticPod(nodeName, 'etcd', 'registry.k8s.io/etcd:3.6.5-0', etcd),
    ...['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'].map((component) =>
      staticPod(nodeName, component, `registry.k8s.io/${component}:${version}`, [component]),
    ),
  ];
}

function staticPod(nodeName: string, component: string, image: string, command: string[]): KubeObject {
  const hash = createHash('md5').update(`${nodeName}/${component}/${image}`).digest('hex');
  const ready = { type: 'Ready', status: 'True', lastTransitionTime: kubeTime() };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${component}-${nodeName}`,
      namespace: 'kube-system',
      labels: { component, tier: 'control-plane' },
      annotations: {
        'kubernetes.io/config.hash': hash,
        'kubernetes.io/config.mirror': hash,
        'kubernetes.io/config.source': 'file',
      },
    },
    spec: {
      nodeName,
      hostNetwork: true,
      priorityClassName: 'system-node-critical',
      containers: [{ name: component, image, command }],
    },
    status: { phase: 'Running', conditions: [ready] },
  };
}

/** The add-on kube-proxy as kubeadm leaves it. Its pods are not simulated. */
export function kubeProxy({ clusterConfiguration, kubernetesVersion }: InitSettings): KubeObject {
  const repository = digText(clusterConfiguration, 'imageRepository') || 'registry.k8s.io';
  const labels = { 'k8s-app': 'kube-proxy' };
  const container = { name: 'kube-proxy', image: `${repository}/kube-proxy:${kubernetesVersion}` };
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'kube-proxy', namespace: 'kube-system', labels },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { hostNetwork: true, containers: [container] } },
    },
  };
}
