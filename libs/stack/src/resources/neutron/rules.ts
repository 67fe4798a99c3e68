import type { SecurityGroupRule } from '#libs/openstack';
import { z } from 'zod';
import { given, integer, reference, text } from '../fields.js';

/** A rule as `rules` of OS::Neutron::SecurityGroup has it. Source: heat neutron/security_group.py. */
export const ruleProperties = z.strictObject({
  direction: z.enum(['ingress', 'egress']).default('ingress'),
  ethertype: z.enum(['IPv4', 'IPv6']).default('IPv4'),
  protocol: text().optional(),
  port_range_min: integer(0, 65_535).optional(),
  port_range_max: integer(0, 65_535).optional(),
  remote_mode: z.enum(['remote_ip_prefix', 'remote_group_id']).default('remote_ip_prefix'),
  /** Without one, and `remote_mode: remote_group_id`: the group itself. */
  remote_group_id: reference().optional(),
  remote_ip_prefix: text().optional(),
  description: text().optional(),
});
export type RuleProperties = z.infer<typeof ruleProperties>;

export interface WireRule {
  readonly security_group_id: string;
  readonly direction: string;
  readonly ethertype: string;
  readonly protocol?: string | undefined;
  readonly port_range_min?: number | undefined;
  readonly port_range_max?: number | undefined;
  readonly remote_group_id?: string | undefined;
  readonly remote_ip_prefix?: string | undefined;
  readonly description?: string | undefined;
}

export function wireRule(groupId: string, rule: RuleProperties): WireRule {
  const byGroup = rule.remote_mode === 'remote_group_id';
  return given({
    security_group_id: groupId,
    direction: rule.direction,
    ethertype: rule.ethertype,
    protocol: rule.protocol,
    port_range_min: rule.port_range_min,
    port_range_max: rule.port_range_max,
    remote_group_id: byGroup ? (rule.remote_group_id ?? groupId) : undefined,
    remote_ip_prefix: byGroup ? undefined : rule.remote_ip_prefix,
    description: rule.description,
  }) as WireRule;
}

/** What a new group has, as Neutron makes it. */
const DEFAULT_EGRESS: readonly RuleProperties[] = [
  { direction: 'egress', ethertype: 'IPv4', remote_mode: 'remote_ip_prefix' },
  { direction: 'egress', ethertype: 'IPv6', remote_mode: 'remote_ip_prefix' },
];

/**
 * The rules that are missing and those that are too many. Neutron's own egress rules stay, unless the template has an egress
 * rule of its own: then its list is the whole truth. As Heat has it.
 */
export function ruleDifference(
  groupId: string,
  wanted: readonly RuleProperties[],
  present: readonly SecurityGroupRule[],
): { missing: WireRule[]; stale: string[] } {
  const saysEgress = wanted.some((rule) => rule.direction === 'egress');
  const all = (saysEgress ? wanted : [...wanted, ...DEFAULT_EGRESS]).map((rule) => wireRule(groupId, rule));
  const byKey = new Map(all.map((rule) => [ruleKey(rule), rule]));
  const stale: string[] = [];
  for (const rule of present) {
    // Found once, a rule is no longer missing; a second one like it cannot be.
    const key = ruleKey(rule);
    if (byKey.has(key)) byKey.delete(key);
    else stale.push(rule.id);
  }
  return { missing: [...byKey.values()], stale };
}

type Comparable = Omit<WireRule, 'description' | 'security_group_id' | 'ethertype'> & { ethertype?: string | null };

/** Equal for rules that do the same; Neutron says 0.0.0.0/0 and nothing for the same thing, depending on its age. */
export function ruleKey(rule: Nullish<Comparable>): string {
  const anywhere = rule.remote_ip_prefix === '0.0.0.0/0' || rule.remote_ip_prefix === '::/0';
  return JSON.stringify([
    rule.direction,
    rule.ethertype ?? 'IPv4',
    protocolWord(rule.protocol),
    rule.port_range_min ?? null,
    rule.port_range_max ?? null,
    rule.remote_group_id ?? null,
    anywhere ? null : (rule.remote_ip_prefix ?? null),
  ]);
}

type Nullish<T> = { [K in keyof T]: T[K] | null | undefined };

const NUMBERS: Readonly<Record<string, string>> = {
  '1': 'icmp',
  '6': 'tcp',
  '17': 'udp',
  '58': 'ipv6-icmp',
  icmpv6: 'ipv6-icmp',
};
function protocolWord(protocol: string | null | undefined): string | null {
  if (!protocol || protocol === 'any' || protocol === '0') return null;
  return NUMBERS[protocol] ?? protocol;
}
