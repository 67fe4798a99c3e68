import { InvalidInput, labelSwitch, labelText } from '#libs/domain';
import { getAttr, getParam, getResource, listJoin, resource } from '../hot.js';
import type { ClusterSpec, HotResource } from '../types.js';
import type { NetworkParts } from './network.js';
import { asRange } from './security-groups.js';

/** How the API is reached, and the outputs that say so. */
export interface EndpointParts {
  readonly resources: Readonly<Record<string, HotResource>>;
  readonly outputs: {
    readonly api_host: unknown;
    readonly api_private_ip: unknown;
    readonly api_floating_ip_id: unknown;
    readonly load_balancer_id: unknown;
    readonly pool_id: unknown;
  };
}

/** Octavia cuts a quiet connection after 50 s by default: watches and `kubectl exec` are quiet for longer. Milliseconds. */
const QUIET_MS = 1_200_000;

/** Load balancer, floating IP (its address known before any machine boots), or neither: a private cluster of one master. */
export function endpointParts(
  cluster: ClusterSpec,
  network: NetworkParts,
  allowedCidrs: readonly string[],
  nodeCidr: string,
): EndpointParts {
  const nothing = { api_host: null, api_private_ip: null, api_floating_ip_id: null, load_balancer_id: null, pool_id: null };
  if (cluster.masterLbEnabled) return loadBalancer(cluster, network, allowedCidrs, nodeCidr);
  if (!cluster.floatingIpEnabled) return { resources: {}, outputs: nothing };
  return {
    resources: {
      'api-floating-ip': resource('OS::Neutron::FloatingIP', { floating_network: getParam('external_network') }, network.routed),
    },
    outputs: {
      ...nothing,
      api_host: getAttr('api-floating-ip', 'floating_ip_address'),
      api_floating_ip_id: getResource('api-floating-ip'),
    },
  };
}

export const octaviaProvider = (cluster: ClusterSpec): string => labelText(cluster.labels, 'octavia_provider');

/** Whether anything of the cluster gets a floating IP. With a load balancer the label may add one, not take it away. */
export function hasFloatingIp(cluster: ClusterSpec): boolean {
  return cluster.floatingIpEnabled || (cluster.masterLbEnabled && labelSwitch(cluster.labels, 'master_lb_floating_ip_enabled'));
}

function loadBalancer(
  cluster: ClusterSpec,
  network: NetworkParts,
  allowedCidrs: readonly string[],
  nodeCidr: string,
): EndpointParts {
  const withFloatingIp = hasFloatingIp(cluster);
  const resources = {
    'api-load-balancer': resource('OS::Octavia::LoadBalancer', {
      vip_subnet: network.subnet,
      provider: octaviaProvider(cluster),
    }),
    'api-listener': resource('OS::Octavia::Listener', {
      loadbalancer: getResource('api-load-balancer'),
      protocol: 'TCP',
      protocol_port: cluster.apiPort,
      timeout_client_data: QUIET_MS,
      timeout_member_data: QUIET_MS,
      allowed_cidrs: listenerCidrs(cluster, network, allowedCidrs, nodeCidr),
    }),
    'api-pool': resource('OS::Octavia::Pool', {
      listener: getResource('api-listener'),
      protocol: 'TCP',
      lb_algorithm: algorithm(cluster),
    }),
    ...monitor(cluster),
    ...(withFloatingIp
      ? {
          'api-floating-ip': resource(
            'OS::Neutron::FloatingIP',
            { floating_network: getParam('external_network'), port_id: getAttr('api-load-balancer', 'vip_port_id') },
            network.routed,
          ),
        }
      : {}),
  };
  const vip = getAttr('api-load-balancer', 'vip_address');
  return {
    resources,
    outputs: {
      api_host: withFloatingIp ? getAttr('api-floating-ip', 'floating_ip_address') : vip,
      api_private_ip: vip,
      api_floating_ip_id: withFloatingIp ? getResource('api-floating-ip') : null,
      load_balancer_id: getResource('api-load-balancer'),
      pool_id: getResource('api-pool'),
    },
  };
}

/** TCP, not HTTPS /readyz: that needs anonymous access to the API, which an operator may have taken away. */
function monitor(cluster: ClusterSpec): Record<string, HotResource> {
  if (!labelSwitch(cluster.labels, 'octavia_lb_healthcheck')) return {};
  const properties = { pool: getResource('api-pool'), type: 'TCP', delay: 10, timeout: 5, max_retries: 3 };
  return { 'api-monitor': resource('OS::Octavia::HealthMonitor', properties) };
}

/** The ovn provider cannot filter callers and shows them to the masters: there the masters' security group does it. */
function listenerCidrs(
  cluster: ClusterSpec,
  network: NetworkParts,
  allowed: readonly string[],
  nodeCidr: string,
): unknown[] | undefined {
  if (allowed.length === 0 || octaviaProvider(cluster) === 'ovn') return undefined;
  const returning = network.routerAddress ? [listJoin('', network.routerAddress, '/32')] : [];
  return [nodeCidr, ...allowed.filter((cidr) => cidr !== nodeCidr).map(asRange), ...returning];
}

function algorithm(cluster: ClusterSpec): string {
  const given = labelText(cluster.labels, 'octavia_lb_algorithm');
  const isOvn = octaviaProvider(cluster) === 'ovn';
  if (isOvn && given !== '' && given !== 'SOURCE_IP_PORT') {
    throw new InvalidInput(
      'invalid-label',
      `Label octavia_lb_algorithm has the value "${given}", octavia_provider ovn takes SOURCE_IP_PORT only.`,
      {
        field: 'labels/octavia_lb_algorithm',
      },
    );
  }
  return given || (isOvn ? 'SOURCE_IP_PORT' : 'ROUND_ROBIN');
}
