import type { Kind } from './collection.js';
import { formatAddress, parseCidr } from './ipv4.js';
import type { Neutron } from './neutron.js';
import type { SecurityGroup, SecurityGroupRule } from './rows.js';

export function groupKind(neutron: Neutron): Kind<SecurityGroup> {
  const rules = ruleKind(neutron);
  return {
    table: neutron.tables.groups,
    path: 'security-groups',
    plural: 'security_groups',
    single: 'security_group',
    notFound: { type: 'SecurityGroupNotFound', message: (id) => `Security group ${id} does not exist` },
    view: (row, call) => ({
      ...row,
      security_group_rules: neutron.tables.rules.by('security_group_id', row.id).map((rule) => rules.view(rule, call)),
    }),
  };
}

export function ruleKind(neutron: Neutron): Kind<SecurityGroupRule> {
  return {
    table: neutron.tables.rules,
    path: 'security-group-rules',
    plural: 'security_group_rules',
    single: 'security_group_rule',
    notFound: { type: 'SecurityGroupRuleNotFound', message: (id) => `Security group rule ${id} does not exist` },
    view: (row) => {
      const { name: _name, ...shown } = row;
      const range = row.remote_ip_prefix === null ? undefined : parseCidr(row.remote_ip_prefix);
      return {
        ...shown,
        remote_address_group_id: null,
        normalized_cidr: range === undefined ? row.remote_ip_prefix : `${formatAddress(range.first)}/${range.prefix}`,
        belongs_to_default_sg: neutron.tables.groups.get(row.security_group_id)?.name === 'default',
      };
    },
  };
}
