import { apiService, service } from '../build/objects.js';
import { clusterRole, clusterRoleBinding, may, READ, roleBinding, serviceAccount } from '../build/rbac.js';
import { CONTROL_PLANE_TAINT, deployment } from '../build/workloads.js';
import type { AddonDefinition } from '../definition.js';

const NAME = 'metrics-server';
const LABELS = { 'k8s-app': NAME };
const ROLE = `system:${NAME}`;

/**
 * Kubelets sign their own serving certificates here, so it cannot check them.
 * Facts: kubernetes-sigs/metrics-server, manifests/base, 0.8.
 */
export const metricsServer: AddonDefinition = {
  name: NAME,
  title: 'Metrics server',
  description: '`kubectl top` and the horizontal pod autoscaler',
  category: 'metrics',
  required: false,
  label: 'metrics_server_enabled',
  enabledByDefault: true,
  tagLabel: null,
  render: (_input, images) => [
    serviceAccount(NAME),
    clusterRole('system:aggregated-metrics-reader', [may(READ, 'metrics.k8s.io', ['pods', 'nodes'])], {
      'rbac.authorization.k8s.io/aggregate-to-view': 'true',
      'rbac.authorization.k8s.io/aggregate-to-edit': 'true',
      'rbac.authorization.k8s.io/aggregate-to-admin': 'true',
    }),
    clusterRole(ROLE, [may(['get'], '', ['nodes/metrics']), may(READ, '', ['pods', 'nodes'])]),
    clusterRoleBinding(ROLE, ROLE, NAME),
    clusterRoleBinding(`${NAME}:system:auth-delegator`, 'system:auth-delegator', NAME),
    roleBinding(`${NAME}-auth-reader`, 'extension-apiserver-authentication-reader', NAME),
    service(NAME, LABELS, [{ name: 'https', port: 443, targetPort: 'https' }]),
    deployment(NAME, LABELS, {
      account: NAME,
      priority: 'system-cluster-critical',
      tolerations: CONTROL_PLANE_TAINT,
      containers: [
        {
          name: NAME,
          image: images('metrics-server'),
          args: [
            '--cert-dir=/tmp',
            '--secure-port=10250',
            '--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname',
            '--kubelet-use-node-status-port',
            '--kubelet-insecure-tls',
            '--metric-resolution=15s',
          ],
          ports: [{ name: 'https', port: 10250 }],
          requests: { cpu: '100m', memory: '200Mi' },
          liveness: secure('/livez', {}),
          readiness: secure('/readyz', { initialDelaySeconds: 20 }),
          security: {
            readOnlyRootFilesystem: true,
            runAsNonRoot: true,
            runAsUser: 1000,
            allowPrivilegeEscalation: false,
            seccompProfile: { type: 'RuntimeDefault' },
            capabilities: { drop: ['ALL'] },
          },
          mounts: [{ name: 'tmp-dir', at: '/tmp' }],
        },
      ],
    }),
    apiService('metrics.k8s.io', 'v1beta1', NAME),
  ],
};

const secure = (path: string, rest: object): object => ({
  httpGet: { path, port: 'https', scheme: 'HTTPS' },
  periodSeconds: 10,
  failureThreshold: 3,
  ...rest,
});
