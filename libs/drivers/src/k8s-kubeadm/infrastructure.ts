import { networkPlan } from '#libs/bootstrap';
import { checkLabels, InvalidInput, labelList, labelText } from '#libs/domain';
import { getResource, resource } from '../hot.js';
import type { ClusterSpec, HotParameter, StackPlan } from '../types.js';
import { endpointParts, hasFloatingIp, octaviaProvider } from './endpoint.js';
import { networkParts } from './network.js';
import { securityGroups } from './security-groups.js';

/** The infrastructure stack: one per cluster. */
export function infrastructure(cluster: ClusterSpec): StackPlan {
  checkCluster(cluster);
  const plan = networkPlan({
    labels: cluster.labels,
    networkDriver: cluster.networkDriver,
    existingCidr: cluster.existingNetwork?.cidr ?? null,
    nodeCount: cluster.nodeCount,
  });
  const network = networkParts(cluster, plan);
  const allowedCidrs = apiCallers(cluster);
  const endpoint = endpointParts(cluster, network, allowedCidrs, plan.nodeCidr);
  const policies = [labelText(cluster.labels, 'server_group_policies')];
  const parameters = parametersOf(cluster);
  return {
    template: {
      heat_template_version: '2021-04-16',
      description: 'Infrastructure of a Kubernetes cluster: network, security groups, server groups, endpoint of its API',
      parameters: Object.fromEntries(Object.keys(parameters).map((name): [string, HotParameter] => [name, { type: 'string' }])),
      resources: {
        ...network.resources,
        ...securityGroups({
          nodeCidr: plan.nodeCidr,
          apiPort: cluster.apiPort,
          allowedCidrs,
          callersSeen: !cluster.masterLbEnabled || octaviaProvider(cluster) === 'ovn',
          routerAddress: network.routerAddress,
        }),
        'master-server-group': resource('OS::Nova::ServerGroup', { policies }),
        'worker-server-group': resource('OS::Nova::ServerGroup', { policies }),
        ...endpoint.resources,
      },
      outputs: outputs({
        network_id: network.network,
        subnet_id: network.subnet,
        router_external_ips: network.routerAddress ? [network.routerAddress] : [],
        cluster_security_group_id: getResource('cluster-security-group'),
        master_security_group_id: getResource('master-security-group'),
        worker_security_group_id: getResource('worker-security-group'),
        master_server_group_id: getResource('master-server-group'),
        worker_server_group_id: getResource('worker-server-group'),
        ...endpoint.outputs,
      }),
    },
    parameters,
    hidden: [],
  };
}

const outputs = (values: Readonly<Record<string, unknown>>): Record<string, { value: unknown }> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value }]));

/** Who may call the API: both drivers' spellings of the label mean the same. */
function apiCallers({ labels }: ClusterSpec): string[] {
  return [...new Set([...labelList(labels, 'master_lb_allowed_cidrs'), ...labelList(labels, 'api_master_lb_allowed_cidrs')])];
}

function parametersOf(cluster: ClusterSpec): Record<string, string> {
  const { existingNetwork, externalNetworkId } = cluster;
  return {
    ...(existingNetwork ? { network: existingNetwork.networkId, subnet: existingNetwork.subnetId } : {}),
    ...(externalNetworkId !== null && (!existingNetwork || hasFloatingIp(cluster))
      ? { external_network: externalNetworkId }
      : {}),
  };
}

function checkCluster(cluster: ClusterSpec): void {
  checkLabels(cluster.labels);
  if (cluster.masterCount > 1 && !cluster.masterLbEnabled) {
    throw new InvalidInput('load-balancer-needed', 'More than one master needs master_lb_enabled.', {
      field: 'master_lb_enabled',
    });
  }
  if (cluster.externalNetworkId !== null) return;
  if (!cluster.existingNetwork) {
    throw new InvalidInput(
      'external-network-needed',
      'external_network_id is needed: without it the nodes reach nothing outside. Or give fixed_network and fixed_subnet.',
      { field: 'external_network_id' },
    );
  }
  if (hasFloatingIp(cluster)) {
    throw new InvalidInput('external-network-needed', 'external_network_id is needed for floating IPs.', {
      field: 'external_network_id',
    });
  }
}
