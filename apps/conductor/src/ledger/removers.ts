import { absent, type CloudSession, type Port, type ServerGroup, type Volume } from '#libs/openstack';
import { LOOKS } from './confirm.js';

/** How an object that nothing wants is removed. */
export interface Remover {
  look(cloud: CloudSession, id: string): Promise<object>;
  /** What speaks against it. */
  obstacle?(cloud: CloudSession, object: object): Promise<string | undefined> | string | undefined;
  remove(cloud: CloudSession, id: string): Promise<unknown>;
}

const look = (kind: string): Remover['look'] => {
  const found = LOOKS[kind];
  if (!found) throw new Error(`nobody can look at ${kind}`);
  return found;
};

const remover = (kind: string, rest: Omit<Remover, 'look'>): [string, Remover] => [kind, { look: look(kind), ...rest }];

const used = (object: object): string | undefined => {
  const { device_id: device } = object as Port;
  return device === '' ? undefined : `it is on ${device}`;
};
const attached = (object: object): string | undefined =>
  (object as Volume).attachments.length > 0 ? 'it is attached' : undefined;
const peopled = (object: object): string | undefined =>
  (object as ServerGroup).members.length > 0 ? 'servers are in it' : undefined;

/** By kind. What is part of a load balancer goes with it; what is not here is only told. */
export const REMOVERS: Readonly<Record<string, Remover>> = {
  ...Object.fromEntries([
    remover('OS::Nova::Server', { remove: (cloud, id) => cloud.compute.servers.delete(id) }),
    remover('OS::Nova::ServerGroup', {
      obstacle: (_cloud, object) => peopled(object),
      remove: (cloud, id) => cloud.compute.serverGroups.delete(id),
    }),
    remover('OS::Octavia::LoadBalancer', {
      remove: (cloud, id) => cloud.loadBalancer.loadBalancers.delete(id, { cascade: true }),
    }),
    remover('OS::Neutron::FloatingIP', { remove: (cloud, id) => cloud.network.floatingIps.delete(id) }),
    remover('OS::Neutron::Port', {
      obstacle: (_cloud, object) => used(object),
      remove: (cloud, id) => cloud.network.ports.delete(id),
    }),
    remover('OS::Cinder::Volume', {
      obstacle: (_cloud, object) => attached(object),
      remove: (cloud, id) => cloud.volume.volumes.delete(id),
    }),
    remover('OS::Neutron::Router', { remove: removeRouter }),
    remover('OS::Neutron::Subnet', { remove: (cloud, id) => cloud.network.subnets.delete(id) }),
    remover('OS::Neutron::Net', { remove: (cloud, id) => cloud.network.networks.delete(id) }),
    remover('OS::Neutron::SecurityGroup', { remove: (cloud, id) => cloud.network.securityGroups.delete(id) }),
  ]),
  trust: {
    look: (cloud, id) => cloud.identity.trusts.get(id),
    remove: (cloud, id) => cloud.identity.trusts.delete(id),
  },
  user: {
    look: (cloud, id) => cloud.identity.users.get(id),
    remove: (cloud, id) => cloud.identity.users.delete(id),
  },
};

/** Its legs in subnets have no key of their own: they go with it. */
async function removeRouter(cloud: CloudSession, id: string): Promise<void> {
  const ports = await cloud.network.ports.list({ device_id: id });
  for (const port of ports.filter((one) => one.device_owner !== 'network:router_gateway')) {
    await absent(cloud.network.routers.removeInterface(id, { port_id: port.id }));
  }
  await cloud.network.routers.delete(id);
}
