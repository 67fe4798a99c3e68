import { configMap, disruptionBudget } from '../build/objects.js';
import {
  ANY_TAINT,
  CONTROL_PLANE_TAINT,
  daemonSet,
  deployment,
  execProbe,
  type EnvValue,
  type Mount,
} from '../build/workloads.js';
import type { AddonDefinition, AddonInput, Images } from '../definition.js';
import type { Manifest } from '../manifest.js';
import { calicoAccess, calicoKinds } from './calico-resources.js';

const CONFIG = 'calico-config';
const fromConfig = (key: string): EnvValue => ({ configMap: CONFIG, key });

/** Programs of 3.33 are parts of one; before it each had its own name and image. */
interface Programs {
  readonly install: { readonly command?: readonly string[]; readonly args?: readonly string[] };
  readonly init: readonly string[];
  readonly shutdown: readonly string[];
  readonly live: readonly string[];
  readonly ready: readonly string[];
  readonly controllers: { readonly args?: readonly string[] };
  readonly controllersLive: readonly string[];
  readonly controllersReady: readonly string[];
}

const APART: Programs = {
  install: { command: ['/opt/cni/bin/install'] },
  init: ['calico-node', '-init', '-best-effort'],
  shutdown: ['/bin/calico-node', '-shutdown'],
  live: ['/bin/calico-node', '-felix-live'],
  ready: ['/bin/calico-node', '-felix-ready'],
  controllers: {},
  controllersLive: ['/usr/bin/check-status', '-l'],
  controllersReady: ['/usr/bin/check-status', '-r'],
};
const NODE = ['calico', 'component', 'node'];
const CONTROLLERS_HEALTH = ['/usr/bin/calico', 'component', 'kube-controllers', 'kube-controllers-health'];
const TOGETHER: Programs = {
  install: { args: ['component', 'cni', 'install'] },
  init: [...NODE, 'init', '--best-effort'],
  shutdown: [...NODE, 'shutdown'],
  live: [...NODE, 'health', '--felix-live'],
  ready: [...NODE, 'health', '--felix-ready'],
  controllers: { args: ['component', 'kube-controllers'] },
  controllersLive: [...CONTROLLERS_HEALTH, '-l'],
  controllersReady: [...CONTROLLERS_HEALTH, '-r'],
};

const programsOf = (version: string): Programs => (Number(/^v3\.(\d+)\./.exec(version)?.[1] ?? 0) >= 33 ? TOGETHER : APART);

/**
 * VXLAN between all nodes: Neutron's port security drops what is not tunnelled, and nothing of BGP is needed.
 * Facts: projectcalico/calico, manifests/calico-vxlan.yaml, and its configuration reference.
 */
export const calico: AddonDefinition = {
  name: 'calico',
  title: 'Calico',
  description: 'Pod network of VXLAN tunnels with NetworkPolicy',
  category: 'network',
  required: true,
  label: 'cni_enabled',
  enabledByDefault: 'by-driver',
  tagLabel: 'calico_tag',
  render: (input, images, version) => {
    const programs = programsOf(version);
    return [...calicoKinds(), ...calicoAccess(), config(), node(input, images, programs), ...controllers(images, programs)];
  },
};

/** What stands between two underscores is put in by the installer on each node. A zero: the MTU is found out there. */
function config(): Manifest {
  const network = {
    name: 'k8s-pod-network',
    cniVersion: '0.3.1',
    plugins: [
      {
        type: 'calico',
        log_level: 'info',
        log_file_path: '/var/log/calico/cni/cni.log',
        datastore_type: 'kubernetes',
        nodename: '__KUBERNETES_NODE_NAME__',
        mtu: '__CNI_MTU__',
        ipam: { type: 'calico-ipam' },
        policy: { type: 'k8s' },
        kubernetes: { kubeconfig: '__KUBECONFIG_FILEPATH__' },
      },
      { type: 'portmap', snat: true, capabilities: { portMappings: true } },
      { type: 'bandwidth', capabilities: { bandwidth: true } },
    ],
  };
  return configMap(CONFIG, {
    calico_backend: 'vxlan',
    veth_mtu: '0',
    // A number once it is put in.
    cni_network_config: JSON.stringify(network).replace('"__CNI_MTU__"', '__CNI_MTU__'),
  });
}

const MOUNTS = {
  modules: { name: 'lib-modules', at: '/lib/modules', hostPath: '/lib/modules', readOnly: true },
  run: { name: 'var-run-calico', at: '/var/run/calico', hostPath: '/var/run/calico', hostType: 'DirectoryOrCreate' },
  lib: { name: 'var-lib-calico', at: '/var/lib/calico', hostPath: '/var/lib/calico', hostType: 'DirectoryOrCreate' },
  lock: { name: 'xtables-lock', at: '/run/xtables.lock', hostPath: '/run/xtables.lock', hostType: 'FileOrCreate' },
  fs: { name: 'sys-fs', at: '/sys/fs', hostPath: '/sys/fs/', hostType: 'DirectoryOrCreate', propagation: 'Bidirectional' },
  bpf: { name: 'bpffs', at: '/sys/fs/bpf', hostPath: '/sys/fs/bpf', hostType: 'Directory' },
  proc: { name: 'nodeproc', at: '/nodeproc', hostPath: '/proc', readOnly: true },
  bin: { name: 'cni-bin-dir', at: '/host/opt/cni/bin', hostPath: '/opt/cni/bin', hostType: 'DirectoryOrCreate' },
  net: { name: 'cni-net-dir', at: '/host/etc/cni/net.d', hostPath: '/etc/cni/net.d' },
  log: { name: 'cni-log-dir', at: '/var/log/calico/cni', hostPath: '/var/log/calico/cni', readOnly: true },
  policysync: { name: 'policysync', at: '/var/run/nodeagent', hostPath: '/var/run/nodeagent', hostType: 'DirectoryOrCreate' },
} as const satisfies Record<string, Mount>;

const PRIVILEGED = { privileged: true };

function node({ podCidr }: AddonInput, images: Images, programs: Programs): Manifest {
  return daemonSet(
    'calico-node',
    { 'k8s-app': 'calico-node' },
    {
      account: 'calico-node',
      hostNetwork: true,
      priority: 'system-node-critical',
      tolerations: ANY_TAINT,
      security: { seccompProfile: { type: 'RuntimeDefault' } },
      rest: { terminationGracePeriodSeconds: 0 },
      init: [
        {
          name: 'install-cni',
          image: images('cni'),
          ...programs.install,
          env: {
            CNI_CONF_NAME: '10-calico.conflist',
            CNI_NETWORK_CONFIG: fromConfig('cni_network_config'),
            KUBERNETES_NODE_NAME: { field: 'spec.nodeName' },
            CNI_MTU: fromConfig('veth_mtu'),
            SLEEP: 'false',
          },
          mounts: [MOUNTS.bin, MOUNTS.net],
          security: PRIVILEGED,
        },
        {
          name: 'init-node',
          image: images('node'),
          command: programs.init,
          mounts: [MOUNTS.fs, { ...MOUNTS.run, propagation: 'Bidirectional' }, MOUNTS.proc],
          security: PRIVILEGED,
        },
      ],
      containers: [
        {
          name: 'calico-node',
          image: images('node'),
          env: {
            DATASTORE_TYPE: 'kubernetes',
            WAIT_FOR_DATASTORE: 'true',
            NODENAME: { field: 'spec.nodeName' },
            CALICO_NETWORKING_BACKEND: fromConfig('calico_backend'),
            CLUSTER_TYPE: 'k8s',
            IP: 'autodetect',
            IP_AUTODETECTION_METHOD: 'kubernetes-internal-ip',
            CALICO_IPV4POOL_CIDR: podCidr,
            CALICO_IPV4POOL_IPIP: 'Never',
            CALICO_IPV4POOL_VXLAN: 'Always',
            CALICO_IPV6POOL_VXLAN: 'Never',
            FELIX_VXLANMTU: fromConfig('veth_mtu'),
            FELIX_WIREGUARDMTU: fromConfig('veth_mtu'),
            CALICO_DISABLE_FILE_LOGGING: 'true',
            FELIX_DEFAULTENDPOINTTOHOSTACTION: 'ACCEPT',
            FELIX_IPV6SUPPORT: 'false',
            FELIX_HEALTHENABLED: 'true',
          },
          requests: { cpu: '250m' },
          liveness: execProbe(programs.live, {
            periodSeconds: 10,
            initialDelaySeconds: 10,
            failureThreshold: 6,
            timeoutSeconds: 10,
          }),
          readiness: execProbe(programs.ready, { periodSeconds: 10, timeoutSeconds: 10 }),
          security: PRIVILEGED,
          shutdown: programs.shutdown,
          mounts: [MOUNTS.net, MOUNTS.modules, MOUNTS.lock, MOUNTS.run, MOUNTS.lib, MOUNTS.policysync, MOUNTS.bpf, MOUNTS.log],
        },
      ],
    },
  );
}

function controllers(images: Images, programs: Programs): Manifest[] {
  const labels = { 'k8s-app': 'calico-kube-controllers' };
  return [
    deployment(
      'calico-kube-controllers',
      labels,
      {
        account: 'calico-kube-controllers',
        priority: 'system-cluster-critical',
        tolerations: [{ key: 'CriticalAddonsOnly', operator: 'Exists' }, ...CONTROL_PLANE_TAINT],
        security: { seccompProfile: { type: 'RuntimeDefault' } },
        containers: [
          {
            name: 'calico-kube-controllers',
            image: images('kube-controllers'),
            ...programs.controllers,
            env: { ENABLED_CONTROLLERS: 'node,loadbalancer', DATASTORE_TYPE: 'kubernetes' },
            liveness: execProbe(programs.controllersLive, {
              periodSeconds: 10,
              initialDelaySeconds: 10,
              failureThreshold: 6,
              timeoutSeconds: 10,
            }),
            readiness: execProbe(programs.controllersReady, { periodSeconds: 10 }),
            security: { runAsNonRoot: true },
          },
        ],
      },
      { recreate: true },
    ),
    disruptionBudget('calico-kube-controllers', labels),
  ];
}
