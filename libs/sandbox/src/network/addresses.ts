import { badRequest, conflict } from '../server/api-error.js';
import { contains, formatAddress, parseAddress, parseCidr } from './ipv4.js';
import type { FixedIp, NetworkTables, Port, Subnet } from './rows.js';

/** Which address of which subnet is used by which port. Follows the ports table, so it needs no rows of its own. */
export class Addresses {
  private readonly used = new Map<string, Map<number, string>>();
  private readonly routerPorts = new Map<string, Set<string>>();
  /** The address handed out last: the next one comes after it, as a freed address should not come back at once. */
  private readonly cursors = new Map<string, number>();

  constructor(private readonly tables: NetworkTables) {
    tables.ports.watch((before, after) => {
      this.followRouters(before, after);
      if (before?.fixed_ips === after?.fixed_ips) return;
      for (const ip of before?.fixed_ips ?? []) this.of(ip.subnet_id).delete(parseAddress(ip.ip_address) ?? -1);
      if (after !== undefined) for (const ip of after.fixed_ips) this.take(after, ip);
    });
  }

  /** The port that has this address in this subnet. */
  holder(subnetId: string, address: string): Port | undefined {
    const id = this.used.get(subnetId)?.get(parseAddress(address) ?? -1);
    return id === undefined ? undefined : this.tables.ports.get(id);
  }

  countIn(subnetId: string): number {
    return this.used.get(subnetId)?.size ?? 0;
  }

  /** Ids of the ports with an address in this subnet. */
  portsIn(subnetId: string): Set<string> {
    return new Set(this.used.get(subnetId)?.values());
  }

  /** The ports of routers with an address in this subnet. */
  routerPortsIn(subnetId: string): Port[] {
    return [...(this.routerPorts.get(subnetId) ?? [])].flatMap((id) => this.tables.ports.get(id) ?? []);
  }

  /** The next free address of a subnet's pools, undefined when there is none. */
  next(subnet: Subnet): string | undefined {
    const used = this.of(subnet.id);
    const pools = subnet.allocation_pools.map((pool) => ({
      first: parseAddress(pool.start) ?? 0,
      last: parseAddress(pool.end) ?? -1,
    }));
    const after = this.cursors.get(subnet.id) ?? -1;
    const free = (from: number): number | undefined => {
      for (const pool of pools) {
        for (let value = Math.max(pool.first, from); value <= pool.last; value += 1) if (!used.has(value)) return value;
      }
      return undefined;
    };
    const value = free(after + 1) ?? free(0);
    return value === undefined ? undefined : formatAddress(value);
  }

  /** @throws ApiError as Neutron does when the address is none of this subnet, or used */
  check(subnet: Subnet, address: string): void {
    const value = parseAddress(address);
    const range = parseCidr(subnet.cidr);
    if (value === undefined || range === undefined || !contains(range, value))
      throw badRequest(`IP address ${address} is not a valid IP for the specified subnet.`, 'InvalidIpForSubnet');
    if (this.of(subnet.id).has(value))
      throw conflict(`IP address ${address} already allocated in subnet ${subnet.id}`, 'IpAddressAlreadyAllocated');
  }

  private followRouters(before: Port | undefined, after: Port | undefined): void {
    if (before?.device_owner === 'network:router_interface')
      for (const ip of before.fixed_ips) this.routerPorts.get(ip.subnet_id)?.delete(before.id);
    if (after?.device_owner !== 'network:router_interface') return;
    for (const ip of after.fixed_ips) {
      const ids = this.routerPorts.get(ip.subnet_id);
      if (ids === undefined) this.routerPorts.set(ip.subnet_id, new Set([after.id]));
      else ids.add(after.id);
    }
  }

  private of(subnetId: string): Map<number, string> {
    let map = this.used.get(subnetId);
    if (map === undefined) this.used.set(subnetId, (map = new Map()));
    return map;
  }

  private take(port: Port, ip: FixedIp): void {
    const value = parseAddress(ip.ip_address) ?? -1;
    this.of(ip.subnet_id).set(value, port.id);
    this.cursors.set(ip.subnet_id, value);
  }
}
