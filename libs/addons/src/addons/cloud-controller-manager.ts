import { accountWithRole, may, READ } from '../build/rbac.js';
import { CONTROL_PLANE, CONTROL_PLANE_TAINT, daemonSet, UNINITIALIZED_TAINT } from '../build/workloads.js';
import type { AddonDefinition } from '../definition.js';
import { CLOUD_CONFIG_MOUNT, CLOUD_CONFIG_PATH, credentialOf } from './cloud-config-mount.js';

const NAME = 'openstack-cloud-controller-manager';

/**
 * Load balancers carry the cluster's uuid in their names, so no two clusters of a project take each other's, and a deletion
 * knows them. Facts: kubernetes/cloud-provider-openstack, manifests/controller-manager, 1.36.
 */
export const cloudControllerManager: AddonDefinition = {
  name: NAME,
  title: 'OpenStack cloud controller manager',
  description: 'Says of nodes what Nova knows, and makes load balancers for Services',
  category: 'cloud-provider',
  required: true,
  label: 'cloud_provider_enabled',
  enabledByDefault: true,
  tagLabel: 'cloud_provider_tag',
  render: (input, images) => [
    ...accountWithRole('cloud-controller-manager', [
      may(['get', 'create', 'update'], 'coordination.k8s.io', ['leases']),
      may(['create', 'patch', 'update'], '', ['events']),
      may(['*'], '', ['nodes']),
      may(['patch'], '', ['nodes/status', 'services/status']),
      may(['list', 'patch', 'update', 'watch'], '', ['services']),
      may(['create', 'get'], '', ['serviceaccounts']),
      may(['create'], '', ['serviceaccounts/token']),
      may([...READ, 'create', 'update'], '', ['endpoints']),
      may(READ, '', ['configmaps', 'secrets']),
    ]),
    daemonSet(
      NAME,
      { 'k8s-app': NAME },
      {
        account: 'cloud-controller-manager',
        annotations: credentialOf(input),
        hostNetwork: true,
        priority: 'system-cluster-critical',
        onNodesWith: CONTROL_PLANE,
        security: { runAsUser: 1001 },
        tolerations: [...UNINITIALIZED_TAINT, ...CONTROL_PLANE_TAINT, NOT_READY],
        containers: [
          {
            name: NAME,
            image: images('controller-manager'),
            args: [
              `/bin/${NAME}`,
              '--v=1',
              `--cluster-name=${input.clusterUuid}`,
              `--cloud-config=${CLOUD_CONFIG_PATH}`,
              '--cloud-provider=openstack',
              '--use-service-account-credentials=false',
              '--bind-address=127.0.0.1',
            ],
            requests: { cpu: '200m' },
            mounts: [CLOUD_CONFIG_MOUNT],
          },
        ],
      },
    ),
  ],
};

/** It speaks by the node's own network and need not wait for the pods'. */
const NOT_READY = { key: 'node.kubernetes.io/not-ready', operator: 'Exists' };
