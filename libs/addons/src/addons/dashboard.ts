import { namespace, service } from '../build/objects.js';
import { clusterRole, clusterRoleBinding, may, READ, role, roleBinding, serviceAccount } from '../build/rbac.js';
import { deployment } from '../build/workloads.js';
import type { AddonDefinition } from '../definition.js';
import type { Manifest } from '../manifest.js';

const SPACE = 'kubernetes-dashboard';
const NAME = 'kubernetes-dashboard';
const LABELS = { 'k8s-app': NAME };
const SECRETS = ['kubernetes-dashboard-key-holder', 'kubernetes-dashboard-certs', 'kubernetes-dashboard-csrf'];

/** It may nothing in the cluster by itself: whoever opens it shows a token of his own. Facts: kubernetes/dashboard, 2.7. */
export const dashboard: AddonDefinition = {
  name: 'dashboard',
  title: 'Kubernetes dashboard',
  description: 'Web pages of the cluster, reached by `kubectl port-forward`; upstream has given it up',
  category: 'access',
  required: false,
  label: 'kube_dashboard_enabled',
  enabledByDefault: false,
  tagLabel: 'kube_dashboard_version',
  render: (_input, images) => [
    namespace(SPACE),
    serviceAccount(NAME, SPACE),
    ...SECRETS.map((name): Manifest => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace: SPACE },
      type: 'Opaque',
    })),
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'kubernetes-dashboard-settings', namespace: SPACE } },
    role(
      NAME,
      [
        may(['get', 'update', 'delete'], '', ['secrets'], SECRETS),
        may(['get', 'update'], '', ['configmaps'], ['kubernetes-dashboard-settings']),
        may(['get'], '', ['services/proxy'], ['dashboard-metrics-scraper', 'http:dashboard-metrics-scraper']),
      ],
      SPACE,
    ),
    roleBinding(NAME, NAME, NAME, SPACE),
    clusterRole(NAME, [may(READ, 'metrics.k8s.io', ['pods', 'nodes'])]),
    clusterRoleBinding(NAME, NAME, NAME, SPACE),
    service(NAME, LABELS, [{ name: 'https', port: 443, targetPort: 8443 }], { namespace: SPACE }),
    deployment(
      NAME,
      LABELS,
      {
        account: NAME,
        security: { seccompProfile: { type: 'RuntimeDefault' } },
        containers: [
          {
            name: NAME,
            image: images('dashboard'),
            args: ['--auto-generate-certificates', `--namespace=${SPACE}`],
            ports: [{ name: 'https', port: 8443 }],
            liveness: { httpGet: { scheme: 'HTTPS', path: '/', port: 8443 }, initialDelaySeconds: 30, timeoutSeconds: 30 },
            security: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, runAsUser: 1001, runAsGroup: 2001 },
            mounts: [
              { name: 'certs', at: '/certs', secret: 'kubernetes-dashboard-certs' },
              { name: 'tmp', at: '/tmp' },
            ],
          },
        ],
      },
      {},
      SPACE,
    ),
  ],
};
