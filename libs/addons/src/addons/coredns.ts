import { service } from '../build/objects.js';
import { clusterRole, clusterRoleBinding, may, serviceAccount } from '../build/rbac.js';
import { CONTROL_PLANE_TAINT, deployment, httpProbe } from '../build/workloads.js';
import type { AddonDefinition } from '../definition.js';

const LABELS = { 'k8s-app': 'kube-dns' };
const ROLE = 'system:coredns';

/**
 * kubeadm's own objects, taken over: what it makes at birth follows the cluster's version from then on. The ConfigMap with
 * the Corefile stays kubeadm's: users put their own zones into it. Facts: kubeadm, phases/addons/dns.
 */
export const coredns: AddonDefinition = {
  name: 'coredns',
  title: 'CoreDNS',
  description: 'Names of Services and pods; the Corefile in ConfigMap coredns is not touched',
  category: 'dns',
  required: true,
  label: null,
  enabledByDefault: true,
  tagLabel: 'coredns_tag',
  render: (input, images) => [
    serviceAccount('coredns'),
    clusterRole(ROLE, [
      may(['list', 'watch'], '', ['endpoints', 'services', 'pods', 'namespaces']),
      may(['list', 'watch'], 'discovery.k8s.io', ['endpointslices']),
    ]),
    clusterRoleBinding(ROLE, ROLE, 'coredns'),
    service(
      'kube-dns',
      LABELS,
      [
        { name: 'dns', port: 53, protocol: 'UDP' },
        { name: 'dns-tcp', port: 53 },
        { name: 'metrics', port: 9153 },
      ],
      {
        labels: { ...LABELS, 'kubernetes.io/cluster-service': 'true', 'kubernetes.io/name': 'CoreDNS' },
        spec: { clusterIP: input.dnsServiceIp },
      },
    ),
    deployment(
      'coredns',
      LABELS,
      {
        account: 'coredns',
        priority: 'system-cluster-critical',
        tolerations: [{ key: 'CriticalAddonsOnly', operator: 'Exists' }, ...CONTROL_PLANE_TAINT],
        rest: { dnsPolicy: 'Default' },
        containers: [
          {
            name: 'coredns',
            image: images('coredns'),
            args: ['-conf', '/etc/coredns/Corefile'],
            requests: { cpu: '100m', memory: '70Mi' },
            limits: { memory: '170Mi' },
            ports: [
              { name: 'dns', port: 53, protocol: 'UDP' },
              { name: 'dns-tcp', port: 53 },
              { name: 'metrics', port: 9153 },
            ],
            liveness: httpProbe('/health', 8080, { initialDelaySeconds: 60, timeoutSeconds: 5, failureThreshold: 5 }),
            readiness: httpProbe('/ready', 8181),
            security: {
              allowPrivilegeEscalation: false,
              capabilities: { add: ['NET_BIND_SERVICE'], drop: ['ALL'] },
              readOnlyRootFilesystem: true,
            },
            mounts: [{ name: 'config-volume', at: '/etc/coredns', configMap: 'coredns', items: ['Corefile'], readOnly: true }],
          },
        ],
      },
      { replicas: 2 },
    ),
  ],
};
