import { absent } from '#libs/openstack';
import { z } from 'zod';
import { defineResource } from '../../resource.js';
import { cloudOf } from '../answers.js';
import { text } from '../fields.js';
import { nameOf } from '../identity.js';

const properties = z.strictObject({
  name: text().optional(),
  /** Required here: a key made by Nova would have to be kept by us. */
  public_key: text(),
  type: z.enum(['ssh', 'x509']).default('ssh'),
});

/** OS::Nova::KeyPair: a user's public key; its name is its id. Wire: Nova `os-keypairs`. */
export const keyPair = defineResource({
  type: 'OS::Nova::KeyPair',
  properties,
  updatable: [],
  attributes: ['public_key'],
  find: async (ctx, p) => (await absent(cloudOf(ctx).compute.keypairs.get(nameOf(ctx, p))))?.name ?? null,
  create: async (ctx, p) => {
    const body = { name: nameOf(ctx, p), public_key: p.public_key, type: p.type };
    const { name, public_key } = await cloudOf(ctx).compute.keypairs.create(body);
    return { id: name, attributes: { public_key } };
  },
  poll: () => Promise.resolve('done'),
  update: () => Promise.resolve('replace'),
  remove: (ctx, id) => cloudOf(ctx).compute.keypairs.delete(id),
  read: async (ctx, id) => ({ public_key: (await cloudOf(ctx).compute.keypairs.get(id)).public_key }),
  /** Known by its name alone. */
  excludes: (before, after) => before.name !== undefined && before.name === after.name,
});
