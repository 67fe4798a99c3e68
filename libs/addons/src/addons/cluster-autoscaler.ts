import { labelInteger } from '#libs/domain';
import { accountWithRole, may, READ, role, roleBinding } from '../build/rbac.js';
import { CONTROL_PLANE, CONTROL_PLANE_TAINT, deployment } from '../build/workloads.js';
import type { AddonDefinition, AddonInput } from '../definition.js';
import { CLOUD_CONFIG_MOUNT, CLOUD_CONFIG_PATH, credentialOf } from './cloud-config-mount.js';

const NAME = 'cluster-autoscaler';

/**
 * Its magnum provider asks the catalogue for `container-infra`, which is this API, in the name of the cluster's owner.
 * Facts: kubernetes/autoscaler, cluster-autoscaler/cloudprovider/magnum.
 */
export const clusterAutoscaler: AddonDefinition = {
  name: NAME,
  title: 'Cluster autoscaler',
  description: 'Resizes worker groups that have limits, through this API',
  category: 'scaling',
  required: false,
  label: 'auto_scaling_enabled',
  enabledByDefault: false,
  tagLabel: 'autoscaler_tag',
  render: (input, images) => [
    ...accountWithRole(NAME, [
      may(['create', 'patch'], '', ['events', 'endpoints']),
      may(['create'], '', ['pods/eviction']),
      may(['update'], '', ['pods/status']),
      may([...READ, 'update', 'patch'], '', ['nodes']),
      may(READ, '', ['pods', 'services', 'namespaces', 'replicationcontrollers', 'persistentvolumeclaims', 'persistentvolumes']),
      may(READ, 'apps', ['daemonsets', 'replicasets', 'statefulsets']),
      may(READ, 'batch', ['jobs', 'cronjobs']),
      may(READ, 'policy', ['poddisruptionbudgets']),
      may(READ, 'storage.k8s.io', ['storageclasses', 'csinodes', 'csidrivers', 'csistoragecapacities', 'volumeattachments']),
      may([...READ], 'resource.k8s.io', ['deviceclasses', 'resourceclaims', 'resourceslices']),
      may([...READ, 'create', 'update', 'patch'], 'coordination.k8s.io', ['leases']),
    ]),
    role(NAME, [may([...READ, 'create', 'update', 'delete'], '', ['configmaps'])]),
    roleBinding(NAME, NAME, NAME),
    deployment(
      NAME,
      { app: NAME },
      {
        account: NAME,
        annotations: credentialOf(input),
        priority: 'system-cluster-critical',
        onNodesWith: CONTROL_PLANE,
        tolerations: CONTROL_PLANE_TAINT,
        security: { runAsUser: 1001 },
        containers: [
          {
            name: NAME,
            image: images('cluster-autoscaler'),
            command: [
              './cluster-autoscaler',
              `--cluster-name=${input.clusterUuid}`,
              `--cloud-config=${CLOUD_CONFIG_PATH}`,
              '--cloud-provider=magnum',
              groups(input),
            ],
            requests: { cpu: '100m', memory: '300Mi' },
            mounts: [CLOUD_CONFIG_MOUNT],
          },
        ],
      },
    ),
  ],
};

/** Labels with limits are the default workers'; else every worker group says by its own limits whether it is scaled. */
function groups({ labels }: AddonInput): string {
  if (!labels['max_node_count']) return '--node-group-auto-discovery=magnum:role=worker';
  const [least, most] = [labelInteger(labels, 'min_node_count'), labelInteger(labels, 'max_node_count')];
  return `--nodes=${least}:${most}:default-worker`;
}
