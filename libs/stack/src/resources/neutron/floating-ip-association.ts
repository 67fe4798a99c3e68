import { absent } from '#libs/openstack';
import { z } from 'zod';
import { ResourceInError } from '../../errors.js';
import { defineResource } from '../../resource.js';
import { cloudOf, stillThere } from '../answers.js';
import { given, reference, text } from '../fields.js';

const properties = z.strictObject({
  floatingip_id: reference(),
  port_id: reference(),
  fixed_ip_address: text().optional(),
});

const idOf = (floatingIpId: string, portId: string): string => `${floatingIpId}:${portId}`;

/**
 * OS::Neutron::FloatingIPAssociation: puts a floating IP on a port. Its id is `<floating ip>:<port>`.
 * Wire: `PUT floatingips/{id}`, which may be repeated.
 */
export const floatingIpAssociation = defineResource({
  type: 'OS::Neutron::FloatingIPAssociation',
  properties,
  updatable: [],
  attributes: [],
  find: async (ctx, p) => {
    const one = await absent(cloudOf(ctx).network.floatingIps.get(p.floatingip_id));
    return one?.port_id === p.port_id ? idOf(p.floatingip_id, p.port_id) : null;
  },
  create: async (ctx, p) => {
    const body = given({ port_id: p.port_id, fixed_ip_address: p.fixed_ip_address });
    await cloudOf(ctx).network.floatingIps.update(p.floatingip_id, body);
    return { id: idOf(p.floatingip_id, p.port_id), attributes: {} };
  },
  poll: () => Promise.resolve('done'),
  check: async (ctx, id) => {
    const [floatingIpId = '', portId] = id.split(':');
    const one = await stillThere('floating IP', cloudOf(ctx).network.floatingIps.get(floatingIpId));
    if (one.port_id !== portId) throw new ResourceInError('the floating IP is not on the port any more', 'cloud-object-deleted');
    return [];
  },
  update: () => Promise.resolve('replace'),
  /** Only while it is on our port: somebody may have put it elsewhere. */
  remove: async (ctx, id) => {
    const { floatingIps } = cloudOf(ctx).network;
    const [floatingIpId = '', portId] = id.split(':');
    const one = await absent(floatingIps.get(floatingIpId));
    if (one?.port_id === portId) await absent(floatingIps.update(floatingIpId, { port_id: null }));
  },
  read: () => Promise.resolve({}),
  /**
   * A port has one. A floating IP goes from port to port in one call, without a moment on neither: its old association is
   * removed afterwards, and finds nothing of its own any more.
   */
  excludes: (before, after) => before.floatingip_id !== after.floatingip_id && before.port_id === after.port_id,
});
