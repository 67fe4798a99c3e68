import type { NetworkPlan } from '#libs/bootstrap';
import { getAttr, getParam, getResource, resource } from '../hot.js';
import type { ClusterSpec, HotResource } from '../types.js';

/** Where nodes live: as values for other resources' properties. */
export interface NetworkParts {
  readonly resources: Readonly<Record<string, HotResource>>;
  readonly network: unknown;
  readonly subnet: unknown;
  /** What must be there before a floating IP can reach the subnet. */
  readonly routed: readonly string[];
  readonly routerAddress: object | null;
}

/**
 * The cluster's own network, subnet and router; or a network that was there before, as it is: then its owner has seen to
 * its router, and nothing of it is ours to change.
 */
export function networkParts(cluster: ClusterSpec, plan: NetworkPlan): NetworkParts {
  if (cluster.existingNetwork) {
    return { resources: {}, network: getParam('network'), subnet: getParam('subnet'), routed: [], routerAddress: null };
  }
  const dns = cluster.dnsNameservers.length > 0 ? [...cluster.dnsNameservers] : undefined;
  return {
    resources: {
      network: resource('OS::Neutron::Net', {}),
      subnet: resource('OS::Neutron::Subnet', {
        network: getResource('network'),
        cidr: plan.nodeCidr,
        ip_version: 4,
        dns_nameservers: dns,
      }),
      router: resource('OS::Neutron::Router', { external_gateway_info: { network: getParam('external_network') } }),
      'router-interface': resource('OS::Neutron::RouterInterface', {
        router: getResource('router'),
        subnet: getResource('subnet'),
      }),
    },
    network: getResource('network'),
    subnet: getResource('subnet'),
    routed: ['router-interface'],
    routerAddress: getAttr('router', 'external_gateway_info', 'external_fixed_ips', 0, 'ip_address'),
  };
}
