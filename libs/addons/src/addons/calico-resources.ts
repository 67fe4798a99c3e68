import { customResource } from '../build/objects.js';
import { accountWithRole, may, READ } from '../build/rbac.js';
import type { Manifest } from '../manifest.js';

const GROUP = 'crd.projectcalico.org';
/** Both ways to see Calico's objects: Felix asks for one or the other. */
const GROUPS = ['projectcalico.org', GROUP] as const;

/** Kind, plural, and whether its objects live in a namespace. Calico itself checks what is in them. */
const KINDS: readonly (readonly [kind: string, plural: string, namespaced?: true])[] = [
  ['BGPConfiguration', 'bgpconfigurations'],
  ['BGPFilter', 'bgpfilters'],
  ['BGPPeer', 'bgppeers'],
  ['BlockAffinity', 'blockaffinities'],
  ['CalicoNodeStatus', 'caliconodestatuses'],
  ['ClusterInformation', 'clusterinformations'],
  ['FelixConfiguration', 'felixconfigurations'],
  ['GlobalNetworkPolicy', 'globalnetworkpolicies'],
  ['GlobalNetworkSet', 'globalnetworksets'],
  ['HostEndpoint', 'hostendpoints'],
  ['IPAMBlock', 'ipamblocks'],
  ['IPAMConfig', 'ipamconfigs'],
  ['IPAMHandle', 'ipamhandles'],
  ['IPPool', 'ippools'],
  ['IPReservation', 'ipreservations'],
  ['KubeControllersConfiguration', 'kubecontrollersconfigurations'],
  ['NetworkPolicy', 'networkpolicies', true],
  ['NetworkSet', 'networksets', true],
  ['StagedGlobalNetworkPolicy', 'stagedglobalnetworkpolicies'],
  ['StagedKubernetesNetworkPolicy', 'stagedkubernetesnetworkpolicies', true],
  ['StagedNetworkPolicy', 'stagednetworkpolicies', true],
  ['Tier', 'tiers'],
];

export function calicoKinds(): Manifest[] {
  return KINDS.map(([kind, plural, namespaced]) =>
    customResource(GROUP, kind, plural, namespaced ? { scope: 'Namespaced' } : {}),
  );
}

const IPAM = ['blockaffinities', 'ipamblocks', 'ipamhandles'];
const CHANGE = ['create', 'update', 'delete'];

/** What calico-node, its CNI plugin and its controllers may. Facts: projectcalico/calico, manifests, 3.32. */
export function calicoAccess(): Manifest[] {
  const policies = ['networkpolicies', 'stagednetworkpolicies', 'globalnetworkpolicies', 'stagedglobalnetworkpolicies'];
  return [
    ...accountWithRole('calico-node', [
      may(['create'], '', ['serviceaccounts/token'], ['calico-cni-plugin']),
      may(READ, '', ['pods', 'nodes', 'namespaces', 'serviceaccounts', 'endpoints', 'services']),
      may(['get'], '', ['configmaps']),
      may(['patch'], '', ['pods/status']),
      may(['patch', 'update'], '', ['nodes/status']),
      may(['list', 'watch'], 'discovery.k8s.io', ['endpointslices']),
      may(['list', 'watch'], 'networking.k8s.io', ['networkpolicies']),
      may(['list', 'watch'], 'policy.networking.k8s.io', [
        'clusternetworkpolicies',
        'adminnetworkpolicies',
        'baselineadminnetworkpolicies',
      ]),
      may(READ, GROUPS, [...KINDS.map(([, plural]) => plural), 'globalfelixconfigs', 'globalbgpconfigs']),
      may(['create', 'update'], GROUPS, [
        'ippools',
        'felixconfigurations',
        'bgpconfigurations',
        'bgppeers',
        'clusterinformations',
      ]),
      may(['create'], GROUPS, ['tiers', 'ipamconfigs', 'ipamconfigurations']),
      may(['update'], GROUPS, ['caliconodestatuses']),
      may(CHANGE, GROUPS, IPAM),
      may(['get'], 'apps', ['daemonsets']),
    ]),
    ...accountWithRole('calico-cni-plugin', [
      may(['get'], '', ['pods', 'nodes', 'namespaces']),
      may(['patch'], '', ['pods/status']),
      may(['get', 'list', ...CHANGE], GROUPS, [
        ...IPAM,
        'clusterinformations',
        'ippools',
        'ipreservations',
        'ipamconfigurations',
        'ipamconfigs',
      ]),
    ]),
    ...accountWithRole('calico-kube-controllers', [
      may(READ, '', ['nodes', 'pods', 'namespaces']),
      may([...READ, 'update'], '', ['services', 'services/status']),
      may(READ, GROUP, ['*']),
      may([...READ, ...CHANGE], GROUPS, [
        ...IPAM,
        ...policies,
        'ipamconfigurations',
        'ipamconfigs',
        'hostendpoints',
        'tiers',
        'clusterinformations',
        'kubecontrollersconfigurations',
      ]),
      may(['get', 'update'], GROUPS, ['kubecontrollersconfigurations/status']),
      may(['list', 'watch'], GROUPS, ['ippools', 'ipreservations']),
      may(READ, 'apps', ['daemonsets', 'deployments']),
    ]),
  ];
}
