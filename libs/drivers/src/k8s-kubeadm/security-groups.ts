import { listJoin, resource } from '../hot.js';
import type { HotResource } from '../types.js';

export interface SecurityInput {
  readonly nodeCidr: string;
  readonly apiPort: number;
  /** Ranges that may reach the API; empty: everybody. */
  readonly allowedCidrs: readonly string[];
  /** Where the API's callers show their own address to the master: no load balancer, or one that keeps it (ovn). */
  readonly callersSeen: boolean;
  /** Address from which our own nodes come back to a floating IP of theirs; null when it is not known. */
  readonly routerAddress: object | null;
}

/**
 * Three groups: what nodes may among themselves, what masters take from outside, what workers take from outside. SSH stays
 * shut. Nodes' ports: kubernetes.io, Ports and Protocols.
 */
export function securityGroups(input: SecurityInput): Record<string, HotResource> {
  const group = (rules: readonly object[]): HotResource => resource('OS::Neutron::SecurityGroup', { rules });
  return {
    'cluster-security-group': group([{ remote_mode: 'remote_group_id', description: 'everything between nodes' }]),
    'master-security-group': group(apiRules(input)),
    'worker-security-group': group([
      ...['tcp', 'udp'].map((protocol) => ({
        protocol,
        port_range_min: 30000,
        port_range_max: 32767,
        remote_ip_prefix: input.nodeCidr,
        description: 'NodePorts, from load balancers in the subnet',
      })),
      { protocol: 'icmp', remote_ip_prefix: input.nodeCidr, description: 'ping' },
    ]),
  };
}

function apiRules({ apiPort, nodeCidr, allowedCidrs, callersSeen, routerAddress }: SecurityInput): object[] {
  const rule = (remote_ip_prefix: unknown, description: string): object => ({
    protocol: 'tcp',
    port_range_min: apiPort,
    port_range_max: apiPort,
    remote_ip_prefix,
    description,
  });
  const subnet = rule(nodeCidr, 'Kubernetes API, from the subnet and its load balancer');
  if (!callersSeen) return [subnet];
  if (allowedCidrs.length === 0) return [rule('0.0.0.0/0', 'Kubernetes API')];
  const callers = allowedCidrs.filter((cidr) => cidr !== nodeCidr).map((cidr) => rule(asRange(cidr), 'Kubernetes API'));
  const returning = routerAddress
    ? [rule(listJoin('', routerAddress, '/32'), 'Kubernetes API, from the nodes through the router')]
    : [];
  return [subnet, ...callers, ...returning];
}

export const asRange = (cidr: string): string => (cidr.includes('/') ? cidr : `${cidr}/32`);
