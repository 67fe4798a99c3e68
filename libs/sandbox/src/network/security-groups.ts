import { conflict } from '../server/api-error.js';
import { created, noContent, ok, route } from '../server/call.js';
import type { Route } from '../server/call.js';
import { findOwn, readRoutes } from './collection.js';
import { requested, requestedUpdate } from './neutron.js';
import type { Neutron } from './neutron.js';
import { groupKind } from './security-group-kinds.js';

const attributes = ['name', 'description', 'stateful'];

/** Security groups. Wire: Neutron v2.0 `security-groups`. */
export function groupRoutes(neutron: Neutron): Route[] {
  const kind = groupKind(neutron);
  const { groups, rules } = neutron.tables;
  return [
    ...readRoutes(neutron, kind, (call) => {
      if (call.auth.projectId !== undefined) neutron.defaultGroup(call.auth.projectId);
    }),
    route('POST', '/security-groups', (call) => {
      neutron.requireMember(call, 'create_security_group');
      const { bulk, items } = requested(call, 'security_group', 'security_groups', attributes);
      const views = items.map((fields) => {
        const projectId = neutron.ownerFor(call, fields);
        neutron.defaultGroup(projectId);
        const name = fields.optionalText('name') ?? '';
        if (name === 'default') throw conflict('Default security group already exists.', 'SecurityGroupDefaultAlreadyExists');
        neutron.checkQuota(projectId, 'security_group', groups);
        return kind.view(
          neutron.createGroup(projectId, {
            name,
            description: fields.optionalText('description') ?? '',
            stateful: fields.flag('stateful', true),
            tags: fields.texts('tags'),
          }),
          call,
        );
      });
      return created(bulk ? { security_groups: views } : { security_group: views[0] });
    }),
    route('PUT', '/security-groups/:id', (call) => {
      const row = findOwn(neutron, kind, call, 'update');
      const fields = requestedUpdate(call, 'security_group', attributes);
      const name = fields.optionalText('name') ?? row.name;
      if (row.name === 'default' && name !== 'default')
        throw conflict('Updating default security group not allowed.', 'SecurityGroupCannotUpdateDefault');
      return ok({
        security_group: kind.view(
          neutron.update(groups, row, { name, description: fields.optionalText('description') ?? row.description }),
          call,
        ),
      });
    }),
    route('DELETE', '/security-groups/:id', (call) => {
      const row = findOwn(neutron, kind, call, 'delete');
      if (row.name === 'default' && !call.auth.isAdmin)
        throw conflict('Insufficient rights for removing default security group.', 'SecurityGroupCannotRemoveDefault');
      if (neutron.isGroupUsed(row.id)) throw conflict(`Security Group ${row.id} in use.`, 'SecurityGroupInUse');
      for (const rule of [...rules.by('security_group_id', row.id), ...rules.by('remote_group_id', row.id)])
        rules.remove(rule.id);
      groups.remove(row.id);
      return noContent;
    }),
  ];
}
