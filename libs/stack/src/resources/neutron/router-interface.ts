import { isDeepStrictEqual } from 'node:util';
import { Transient } from '#libs/domain';
import { z } from 'zod';
import { ResourceInError } from '../../errors.js';
import { defineResource, type ResourceContext } from '../../resource.js';
import { cloudOf, unlessInUse } from '../answers.js';
import { oneOf, reference } from '../fields.js';

const properties = z
  .strictObject({
    router: reference().optional(),
    router_id: reference().optional(),
    subnet: reference().optional(),
    subnet_id: reference().optional(),
    port: reference().optional(),
    port_id: reference().optional(),
  })
  .refine(oneOf('router', 'router_id'), 'router is required')
  .refine(oneOf('subnet', 'subnet_id', 'port', 'port_id'), 'subnet or port is required');
type Properties = z.infer<typeof properties>;
type Which = { subnet_id: string } | { port_id: string };

const AGAIN_MS = 1000;

const routerOf = (p: Properties): string => p.router ?? p.router_id ?? '';

function whichOf(p: Properties): Which {
  const portId = p.port ?? p.port_id;
  return portId ? { port_id: portId } : { subnet_id: p.subnet ?? p.subnet_id ?? '' };
}

/** Heat's form: `<router>:subnet_id=<subnet>`, `<router>:port_id=<port>`. Source: heat neutron/router.py, RouterInterface. */
function idOf(p: Properties): string {
  const [[name, value] = ['', '']] = Object.entries(whichOf(p));
  return `${routerOf(p)}:${name}=${value}`;
}

function partsOf(id: string): { routerId: string; which: Which } {
  const [routerId = '', name = '', value = ''] = id.split(/[:=]/);
  return { routerId, which: name === 'port_id' ? { port_id: value } : { subnet_id: value } };
}

async function isThere(ctx: ResourceContext, p: Properties): Promise<boolean> {
  const which = whichOf(p);
  const ports = await cloudOf(ctx).network.ports.list({ device_id: routerOf(p) });
  return ports.some((port) =>
    'port_id' in which
      ? port.id === which.port_id
      : port.device_owner !== 'network:router_gateway' && port.fixed_ips.some((ip) => ip.subnet_id === which.subnet_id),
  );
}

/** OS::Neutron::RouterInterface: a router's port in a subnet. Wire: `PUT routers/{id}/add_router_interface`. */
export const routerInterface = defineResource({
  type: 'OS::Neutron::RouterInterface',
  properties,
  updatable: [],
  attributes: [],
  /** The interface is what it joins, so its id is known without the cloud; whether it is there, the router's ports say. */
  find: async (ctx, p) => ((await isThere(ctx, p)) ? idOf(p) : null),
  create: async (ctx, p) => {
    await cloudOf(ctx).network.routers.addInterface(routerOf(p), whichOf(p));
    return { id: idOf(p), attributes: {} };
  },
  poll: () => Promise.resolve('done'),
  check: async (ctx, _id, p) => {
    if (!(await isThere(ctx, p))) throw new ResourceInError('the router is not in the subnet any more', 'cloud-object-deleted');
    return [];
  },
  update: () => Promise.resolve('replace'),
  /** A 404 may be the router's, the subnet's or a mistake: only the router's ports tell that the interface is gone. */
  remove: async (ctx, id) => {
    const { routerId, which } = partsOf(id);
    await unlessInUse(cloudOf(ctx).network.routers.removeInterface(routerId, which));
    if (await isThere(ctx, { router: routerId, ...which })) throw new Transient('the router is still in the subnet', AGAIN_MS);
  },
  read: () => Promise.resolve({}),
  /** The gateway's address is one, whatever the router. */
  excludes: (before, after) => isDeepStrictEqual(whichOf(before), whichOf(after)),
});
