import { z } from 'zod';
import { defineResource } from '../../resource.js';
import { texts } from '../fields.js';
import { local } from './local.js';

/**
 * OS::Heat::ResourceGroup: several of the same. Its members are resources of the same stack (`<group>.<index>`), counted out
 * when the template is read; the group itself stands for them, after all of them.
 */
export const resourceGroup = defineResource({
  type: 'OS::Heat::ResourceGroup',
  /** As the template is read; `count`, `resource_def` and the others are gone by then. */
  properties: z.strictObject({
    members: texts(),
    /** Names that are never used again. */
    removed: texts(),
  }),
  updatable: ['members', 'removed'],
  /** They are the members': worked out from their rows. */
  attributes: [],
  ...local,
  create: (ctx) => Promise.resolve({ id: ctx.resourceId, attributes: {} }),
  poll: () => Promise.resolve({ attributes: {} }),
  update: () => Promise.resolve('updated'),
  read: () => Promise.resolve({}),
});
