import { z } from 'zod';
import { defineResource } from '../../resource.js';
import { adopt } from '../adopt.js';
import { cloudOf, everywhere, stillThere } from '../answers.js';
import { given, text, texts } from '../fields.js';
import { nameOf } from '../identity.js';

const properties = z.strictObject({
  name: text().optional(),
  /** One word; a list for Heat's sake. */
  policies: texts().pipe(z.array(z.string()).length(1)).default(['anti-affinity']),
  rules: z.record(z.string(), z.unknown()).optional(),
});

/**
 * OS::Nova::ServerGroup: keeps servers apart, or together. Carries no key of ours, so the name alone tells it: only the
 * kernel's own name, which holds the cluster's id, is taken for ours when more than one has it. Wire: Nova `os-server-groups`.
 */
export const serverGroup = defineResource({
  type: 'OS::Nova::ServerGroup',
  properties,
  updatable: [],
  attributes: [],
  find: async (ctx, p) => {
    const { serverGroups } = cloudOf(ctx).compute;
    const name = nameOf(ctx, p);
    const named = await serverGroups.named(name, await everywhere(ctx));
    const removable = name === ctx.physicalName;
    return adopt(
      named,
      (one) => named.every((other) => other.members.length === 0) || one.members.length > 0,
      (one) => (removable && one.members.length === 0 ? serverGroups.delete(one.id) : Promise.resolve()),
    );
  },
  create: async (ctx, p) => {
    const body = given({ name: nameOf(ctx, p), policy: p.policies[0], rules: p.rules });
    const { id } = await cloudOf(ctx).compute.serverGroups.create(body);
    return { id, attributes: {} };
  },
  poll: () => Promise.resolve('done'),
  check: async (ctx, id) => {
    await stillThere('server group', cloudOf(ctx).compute.serverGroups.get(id));
    return [];
  },
  update: () => Promise.resolve('replace'),
  remove: (ctx, id) => cloudOf(ctx).compute.serverGroups.delete(id),
  read: () => Promise.resolve({}),
  /** Known by its name alone. */
  excludes: (before, after) => before.name !== undefined && before.name === after.name,
});
