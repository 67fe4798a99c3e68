import { conflict } from '../server/api-error.js';
import { accepted, created, noContent, ok, route } from '../server/call.js';
import type { Call, Route } from '../server/call.js';
import { Fields, isObject } from '../server/fields.js';
import { parseAddress } from '../network/ipv4.js';
import { readRoutes } from './collection.js';
import { octaviaFields, octaviaInvalid } from './octavia.js';
import type { Octavia } from './octavia.js';
import type { Member, Pool } from './rows.js';
import type { Views } from './views.js';

const base = '/lbaas/pools/:id/members';

/** Members of pools, one by one and in batches. Wire: Octavia v2 `lbaas/pools/{id}/members`. */
export function memberRoutes(octavia: Octavia, views: Views): Route[] {
  const { pools, members } = octavia.tables;
  const pool = (call: Call): Pool => octavia.find(pools, 'Pool', call, call.params['id'] ?? '');
  const get = (call: Call): Member => octavia.find(members, 'Member', call, call.params['member_id'] ?? '');
  const occupy = (call: Call, row: Pool): void => {
    octavia.occupy(row.loadbalancer_id, call.outcome);
    octavia.touchPool(row);
  };
  return [
    ...readRoutes(octavia, {
      table: members,
      path: base,
      plural: 'members',
      single: 'member',
      label: 'Member',
      view: views.member,
      param: 'member_id',
      scope: (call) => members.by('pool_id', pool(call).id),
    }),
    route('POST', base, (call) => {
      const row = pool(call);
      octavia.member(call);
      const fields = octaviaFields(call, 'member');
      occupy(call, row);
      return created({ member: views.member(newMember(octavia, row, fields)) });
    }),
    route('PUT', base, (call) => {
      const row = pool(call);
      octavia.member(call);
      const items = (isObject(call.body) ? new Fields(call.body, octaviaInvalid).objects('members') : undefined) ?? [];
      occupy(call, row);
      const kept = new Set<string>();
      for (const item of items) {
        const same = members
          .by('pool_id', row.id)
          .find((member) => member.address === item.source['address'] && member.protocol_port === item.source['protocol_port']);
        if (same === undefined) kept.add(newMember(octavia, row, item).id);
        else {
          members.patch(same.id, changes(item, same));
          kept.add(same.id);
        }
      }
      if (!/^true$/i.test(call.query.get('additive_only') ?? '')) {
        for (const member of members.by('pool_id', row.id))
          if (!kept.has(member.id)) octavia.mark(members, member, 'PENDING_DELETE');
      }
      return accepted();
    }),
    route('PUT', `${base}/:member_id`, (call) => {
      const row = get(call);
      octavia.member(call);
      const fields = octaviaFields(call, 'member');
      occupy(call, pool(call));
      return ok({ member: views.member(members.patch(row.id, changes(fields, row))) });
    }),
    route('DELETE', `${base}/:member_id`, (call) => {
      const row = get(call);
      octavia.member(call);
      occupy(call, pool(call));
      octavia.mark(members, row, 'PENDING_DELETE');
      return noContent;
    }),
  ];
}

const changes = (fields: Fields, row: Member): Partial<Member> => ({
  name: fields.optionalText('name') ?? row.name,
  weight: fields.optionalInteger('weight', 0, 256) ?? row.weight,
  backup: fields.flag('backup', row.backup),
  admin_state_up: fields.flag('admin_state_up', row.admin_state_up),
  // Null takes it away.
  monitor_address: fields.has('monitor_address') ? (fields.optionalText('monitor_address') ?? null) : row.monitor_address,
  monitor_port: fields.has('monitor_port') ? (fields.optionalInteger('monitor_port', 1, 65_535) ?? null) : row.monitor_port,
  tags: fields.texts('tags') ?? row.tags,
  provisioning_status: 'PENDING_UPDATE',
});

/** Makes a member of a pool whose load balancer is occupied. */
export function newMember(octavia: Octavia, pool: Pool, fields: Fields): Member {
  const { members } = octavia.tables;
  octavia.checkQuota(pool.project_id, 'member', 'Member', members);
  const address = fields.text('address');
  if (parseAddress(address) === undefined) throw octaviaInvalid('address', address, 'Value should be IPv4 or IPv6 format.');
  const port = fields.integer('protocol_port', 1, 65_535);
  if (members.by('address', address).some((other) => other.pool_id === pool.id && other.protocol_port === port)) {
    throw conflict(`Another member on this pool is already using ip ${address} on protocol_port ${port}`);
  }
  const subnetId = fields.optionalText('subnet_id') ?? null;
  if (subnetId !== null && octavia.neutron.tables.subnets.get(subnetId) === undefined)
    throw octaviaInvalid('subnet_id', subnetId, 'Subnet not found.');
  return members.insert({
    ...octavia.base(fields, pool.project_id),
    pool_id: pool.id,
    address,
    protocol_port: port,
    weight: fields.optionalInteger('weight', 0, 256) ?? 1,
    backup: fields.flag('backup', false),
    subnet_id: subnetId,
    monitor_address: fields.optionalText('monitor_address') ?? null,
    monitor_port: fields.optionalInteger('monitor_port', 1, 65_535) ?? null,
  });
}
