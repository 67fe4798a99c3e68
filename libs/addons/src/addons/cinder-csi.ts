import { csiDriver, storageClass } from '../build/objects.js';
import { clusterRole, clusterRoleBinding, may, READ, serviceAccount } from '../build/rbac.js';
import {
  ANY_TAINT,
  CONTROL_PLANE_TAINT,
  daemonSet,
  deployment,
  httpProbe,
  type ContainerSpec,
  type Mount,
} from '../build/workloads.js';
import type { AddonDefinition, AddonInput, Images } from '../definition.js';
import type { Manifest } from '../manifest.js';
import { CLOUD_CONFIG_MOUNT, CLOUD_CONFIG_PATH, credentialOf } from './cloud-config-mount.js';

const DRIVER = 'cinder.csi.openstack.org';
const CONTROLLER = 'csi-cinder-controllerplugin';
const NODE = 'csi-cinder-nodeplugin';
const CONTROLLER_ACCOUNT = 'csi-cinder-controller-sa';
const NODE_ACCOUNT = 'csi-cinder-node-sa';
const SOCKET = '/csi/csi.sock';
const SNAPSHOTS = 'snapshot.storage.k8s.io';

/** Volumes carry the cluster's uuid, by which a deletion knows them. Facts: kubernetes/cloud-provider-openstack, manifests/cinder-csi-plugin, 1.36. */
export const cinderCsi: AddonDefinition = {
  name: 'cinder-csi',
  title: 'Cinder CSI',
  description: 'Volumes of Cinder for PersistentVolumeClaims, with a default StorageClass',
  category: 'storage',
  required: false,
  label: 'cinder_csi_enabled',
  enabledByDefault: 'by-driver',
  tagLabel: 'cinder_csi_plugin_tag',
  render: (input, images) => [
    csiDriver(DRIVER, { attachRequired: true, podInfoOnMount: true, volumeLifecycleModes: ['Persistent', 'Ephemeral'] }),
    storageClass('cinder', DRIVER, { isDefault: true }),
    ...access(),
    controller(input, images),
    node(input, images),
  ],
};

function access(): Manifest[] {
  const leases = may([...READ, 'create', 'update', 'delete'], 'coordination.k8s.io', ['leases']);
  const events = may(['list', 'watch', 'create', 'update', 'patch'], '', ['events']);
  return [
    serviceAccount(CONTROLLER_ACCOUNT),
    clusterRole(CONTROLLER_ACCOUNT, [
      leases,
      events,
      may([...READ, 'create', 'delete', 'patch'], '', ['persistentvolumes']),
      may([...READ, 'update'], '', ['persistentvolumeclaims']),
      may(['patch'], '', ['persistentvolumeclaims/status']),
      may(READ, '', ['nodes', 'pods']),
      may(READ, 'storage.k8s.io', ['csinodes', 'storageclasses']),
      may([...READ, 'patch'], 'storage.k8s.io', ['volumeattachments']),
      may(['patch'], 'storage.k8s.io', ['volumeattachments/status']),
      may(READ, SNAPSHOTS, ['volumesnapshots', 'volumesnapshotclasses']),
      may([...READ, 'create', 'update', 'patch', 'delete'], SNAPSHOTS, ['volumesnapshotcontents']),
      may(['update', 'patch'], SNAPSHOTS, ['volumesnapshotcontents/status']),
    ]),
    clusterRoleBinding(CONTROLLER_ACCOUNT, CONTROLLER_ACCOUNT, CONTROLLER_ACCOUNT),
    serviceAccount(NODE_ACCOUNT),
    clusterRole(NODE_ACCOUNT, [may(['get', 'list', 'watch', 'create', 'update', 'patch'], '', ['events'])]),
    clusterRoleBinding(NODE_ACCOUNT, NODE_ACCOUNT, NODE_ACCOUNT),
  ];
}

const HEALTHY = httpProbe('/healthz', 'healthz', {
  failureThreshold: 5,
  initialDelaySeconds: 10,
  timeoutSeconds: 10,
  periodSeconds: 60,
});

function plugin(images: Images, args: readonly string[], rest: Partial<ContainerSpec>): ContainerSpec {
  return {
    name: 'cinder-csi-plugin',
    image: images('plugin'),
    args: ['/bin/cinder-csi-plugin', `--endpoint=unix:/${SOCKET}`, ...args, `--cloud-config=${CLOUD_CONFIG_PATH}`, '--v=1'],
    ports: [{ name: 'healthz', port: 9808 }],
    liveness: HEALTHY,
    ...rest,
  };
}

function controller(input: AddonInput, images: Images): Manifest {
  const socket: Mount = { name: 'socket-dir', at: '/csi' };
  const helper = (name: string, ...args: string[]): ContainerSpec => ({
    name: `csi-${name}`,
    image: images(name),
    args: [`--csi-address=${SOCKET}`, '--timeout=3m', '--leader-election=true', ...args],
    mounts: [socket],
  });
  return deployment(
    CONTROLLER,
    { app: CONTROLLER },
    {
      account: CONTROLLER_ACCOUNT,
      annotations: credentialOf(input),
      priority: 'system-cluster-critical',
      tolerations: CONTROL_PLANE_TAINT,
      containers: [
        helper('attacher', '--default-fstype=ext4'),
        helper('provisioner', '--default-fstype=ext4', '--feature-gates=Topology=true', '--extra-create-metadata'),
        helper('snapshotter', '--extra-create-metadata'),
        helper('resizer', '--handle-volume-inuse-error=false'),
        { name: 'liveness-probe', image: images('livenessprobe'), args: [`--csi-address=${SOCKET}`], mounts: [socket] },
        plugin(images, [`--cluster=${input.clusterUuid}`, '--pvc-annotations'], { mounts: [socket, CLOUD_CONFIG_MOUNT] }),
      ],
    },
  );
}

function node(input: AddonInput, images: Images): Manifest {
  const own = `/var/lib/kubelet/plugins/${DRIVER}`;
  const socket: Mount = { name: 'socket-dir', at: '/csi', hostPath: own, hostType: 'DirectoryOrCreate' };
  return daemonSet(
    NODE,
    { app: NODE },
    {
      account: NODE_ACCOUNT,
      annotations: credentialOf(input),
      hostNetwork: true,
      priority: 'system-node-critical',
      tolerations: ANY_TAINT,
      containers: [
        {
          name: 'node-driver-registrar',
          image: images('node-driver-registrar'),
          args: [`--csi-address=${SOCKET}`, `--kubelet-registration-path=${own}/csi.sock`],
          env: { KUBE_NODE_NAME: { field: 'spec.nodeName' } },
          mounts: [
            socket,
            {
              name: 'registration-dir',
              at: '/registration',
              hostPath: '/var/lib/kubelet/plugins_registry/',
              hostType: 'Directory',
            },
          ],
        },
        { name: 'liveness-probe', image: images('livenessprobe'), args: [`--csi-address=${SOCKET}`], mounts: [socket] },
        plugin(images, ['--provide-controller-service=false'], {
          security: { privileged: true, capabilities: { add: ['SYS_ADMIN'] }, allowPrivilegeEscalation: true },
          mounts: [
            socket,
            {
              name: 'kubelet-dir',
              at: '/var/lib/kubelet',
              hostPath: '/var/lib/kubelet',
              hostType: 'Directory',
              propagation: 'Bidirectional',
            },
            { name: 'dev', at: '/dev', hostPath: '/dev', hostType: 'Directory', propagation: 'HostToContainer' },
            CLOUD_CONFIG_MOUNT,
          ],
        }),
      ],
    },
  );
}
