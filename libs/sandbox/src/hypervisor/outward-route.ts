import { readFileSync } from 'node:fs';
import type { ServerView } from '../guests/cloud-view.js';
import type { RealAddress } from '../guests/guest-environment.js';
import { contains, parseAddress, parseCidr } from '../network/ipv4.js';
import type { Destination, NetworkSurroundings } from './wire/virtual-network.js';

export interface OutwardOptions {
  readonly publicCidr: string;
  gatewayAddresses(): readonly string[];
  serverAt(address: string): ServerView | undefined;
  /** A member of the load balancer at this address of the network. */
  balanced(address: string, port: number): RealAddress | undefined;
}

/**
 * Where machines get to: load balancers of their network, the public network (floating IPs, services of this computer at its
 * first address), and what this computer reaches; of its own loopback nothing else. Their source is their floating IP or the
 * router's address, as with a real cloud's address translation.
 */
export function outwardRoute(options: OutwardOptions): NetworkSurroundings['route'] {
  const range = parseCidr(options.publicCidr);
  const inPublic = (host: string): boolean => {
    const address = parseAddress(host);
    return range !== undefined && address !== undefined && contains(range, address);
  };
  return (from, host, port, protocol): Destination | undefined => {
    if (options.gatewayAddresses().includes(host)) {
      if (protocol === 'udp' && port === 53) return resolver();
      const member = protocol === 'tcp' ? options.balanced(host, port) : undefined;
      return member && { host: member.address, port: member.port };
    }
    if (inPublic(host)) {
      const server = options.serverAt(from);
      const own = server?.ports.find(({ fixedIp }) => fixedIp === from)?.floatingIp ?? server?.routerExternalIp;
      return { host, port, localAddress: own };
    }
    return /^(127|0|169\.254|22[4-9]|2[345]\d)\./.test(host) ? undefined : { host, port };
  };
}

/** This computer's own nameserver. */
function resolver(): Destination | undefined {
  try {
    const found = /^nameserver\s+(\d+\.\d+\.\d+\.\d+)/m.exec(readFileSync('/etc/resolv.conf', 'utf8'))?.[1];
    return found === undefined ? undefined : { host: found, port: 53 };
  } catch {
    return undefined;
  }
}
