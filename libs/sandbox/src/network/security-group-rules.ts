import { badRequest, conflict } from '../server/api-error.js';
import { created, noContent, ok, route } from '../server/call.js';
import type { Call, Json, Route } from '../server/call.js';
import type { Fields } from '../server/fields.js';
import { findOwn, findVisible, readRoutes } from './collection.js';
import { parseCidr } from './ipv4.js';
import { requested, requestedUpdate } from './neutron.js';
import type { Neutron } from './neutron.js';
import type { SecurityGroupRule } from './rows.js';
import { groupKind, ruleKind } from './security-group-kinds.js';
import { textOf } from '../server/text.js';

const attributes = [
  'security_group_id',
  'direction',
  'ethertype',
  'protocol',
  'port_range_min',
  'port_range_max',
  'remote_ip_prefix',
  'remote_group_id',
  'remote_address_group_id',
  'description',
];
const protocols = [
  'tcp',
  'udp',
  'icmp',
  'icmpv6',
  'ipv6-icmp',
  'ah',
  'dccp',
  'egp',
  'esp',
  'gre',
  'igmp',
  'ipip',
  'ospf',
  'pgm',
  'rsvp',
  'sctp',
  'udplite',
  'vrrp',
  'any',
];
const withPorts = new Set(['tcp', 'udp', 'dccp', 'sctp', 'udplite', '6', '17', '33', '132', '136']);

/** Security group rules. Wire: Neutron v2.0 `security-group-rules`. */
export function ruleRoutes(neutron: Neutron): Route[] {
  const kind = ruleKind(neutron);
  const { rules } = neutron.tables;
  return [
    ...readRoutes(neutron, kind),
    route('POST', '/security-group-rules', (call) => {
      neutron.requireMember(call, 'create_security_group_rule');
      const { bulk, items } = requested(call, 'security_group_rule', 'security_group_rules', attributes);
      const views: Json[] = items.map((fields) => kind.view(create(neutron, call, fields), call));
      return created(bulk ? { security_group_rules: views } : { security_group_rule: views[0] });
    }),
    route('PUT', '/security-group-rules/:id', (call) => {
      const row = findOwn(neutron, kind, call, 'update');
      const fields = requestedUpdate(call, 'security_group_rule', ['description']);
      return ok({
        security_group_rule: kind.view(
          neutron.update(rules, row, { description: fields.optionalText('description') ?? row.description }),
          call,
        ),
      });
    }),
    route('DELETE', '/security-group-rules/:id', (call) => {
      rules.remove(findOwn(neutron, kind, call, 'delete').id);
      return noContent;
    }),
  ];
}

function create(neutron: Neutron, call: Call, fields: Fields): SecurityGroupRule {
  const { rules } = neutron.tables;
  const group = findVisible(groupKind(neutron), call, fields.text('security_group_id'));
  const projectId = call.auth.isAdmin ? group.project_id : neutron.ownerFor(call, fields);
  const stated = fields.source['protocol'];
  const protocol = stated === undefined || stated === null || stated === 'any' ? null : textOf(stated).toLowerCase();
  if (protocol !== null && !protocols.includes(protocol) && !(/^\d{1,3}$/.test(protocol) && Number(protocol) <= 255)) {
    throw badRequest(
      `Security group rule protocol ${protocol} not supported. Only protocol values [${protocols.map((name) => `'${name}'`).join(', ')}] and integer representations [0 to 255] are supported.`,
      'SecurityGroupRuleInvalidProtocol',
    );
  }
  const isPorts = protocol === null || withPorts.has(protocol);
  const low = fields.optionalInteger('port_range_min', isPorts ? 1 : 0, 65_535) ?? null;
  const high = fields.optionalInteger('port_range_max', isPorts ? 1 : 0, 65_535) ?? null;
  if (protocol === null && (low !== null || high !== null))
    throw badRequest('Must also specify protocol if port range is given.', 'SecurityGroupProtocolRequiredWithPorts');
  if (protocol !== null && isPorts && ((low === null) !== (high === null) || (low !== null && high !== null && low > high)))
    throw badRequest('For TCP/UDP protocols, port_range_min must be <= port_range_max', 'SecurityGroupInvalidPortRange');
  const prefix = fields.optionalText('remote_ip_prefix') ?? null;
  const remote = fields.optionalText('remote_group_id') ?? null;
  if (prefix !== null && remote !== null)
    throw badRequest('Only remote_ip_prefix or remote_group_id may be provided.', 'SecurityGroupRemoteGroupAndRemoteIpPrefix');
  const ethertype = fields.choice('ethertype', ['IPv4', 'IPv6'], 'IPv4');
  if (prefix !== null && (ethertype === 'IPv4' ? parseCidr(prefix) === undefined : !prefix.includes(':')))
    throw badRequest(`Invalid CIDR ${prefix} given as IP prefix.`, 'InvalidCIDR');
  if (remote !== null) findVisible(groupKind(neutron), call, remote);
  const rule = {
    security_group_id: group.id,
    direction: fields.choice('direction', ['ingress', 'egress']),
    ethertype,
    protocol,
    port_range_min: low,
    port_range_max: high,
    remote_ip_prefix: prefix,
    remote_group_id: remote,
  };
  const names = Object.keys(rule) as (keyof typeof rule)[];
  const same = rules.by('security_group_id', group.id).find((row) => names.every((name) => row[name] === rule[name]));
  if (same !== undefined) throw conflict(`Security group rule already exists. Rule id is ${same.id}.`, 'SecurityGroupRuleExists');
  neutron.checkQuota(projectId, 'security_group_rule', rules);
  return rules.insert({
    ...neutron.base({ projectId, description: fields.optionalText('description'), tags: fields.texts('tags') }),
    ...rule,
  });
}
