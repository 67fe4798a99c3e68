import type { StandingResource } from '#libs/db';
import { OperationFailure } from '#libs/domain';
import { isServiceAbsent, type CloudSession, type KubernetesMade, type Port, type RemovalPlan } from '#libs/openstack';
import { boundedList } from '../awaited.js';

/** What stands on the cluster's own network, is not the cluster's and keeps the network from going. */
export interface Obstacle {
  readonly type: string;
  readonly id: string;
  readonly name: string;
}

/**
 * Before anything is removed: load balancers that stay and stand on the network that goes.
 * @throws OperationFailure naming them
 */
export async function assertNetworkMayGo(
  session: CloudSession,
  standing: readonly StandingResource[],
  made: KubernetesMade,
  plan: RemovalPlan,
  step: string,
): Promise<void> {
  const network = networkOf(standing);
  if (!network) return;
  const isKnown = knownAmong(standing);
  const there = await balancersOn(session, network.physicalId);
  const foreign = there.filter((one) => !isKnown(one) && !made.loadBalancers.some(({ id }) => id === one.id));
  const obstacles = [...plan.inTheWay, ...foreign.filter(({ id }) => !plan.inTheWay.some((one) => one.id === id))];
  if (obstacles.length > 0) throw inTheWay(network.physicalName, obstacles, step);
}

/** Octavia compares the whole id. */
async function balancersOn(session: CloudSession, networkId: string): Promise<Obstacle[]> {
  try {
    const found = await session.loadBalancer.loadBalancers.list({ vip_network_id: networkId });
    return found
      .filter(({ vip_network_id }) => vip_network_id === networkId)
      .map(({ id, name }) => ({ type: 'load-balancer', id, name }));
  } catch (error) {
    if (isServiceAbsent(error)) return [];
    throw error;
  }
}

/** What has a port on the cluster's network and is not the cluster's, nor the network's own. One list, filtered by Neutron. */
export async function obstaclesOn(session: CloudSession, standing: readonly StandingResource[]): Promise<Obstacle[]> {
  const network = networkOf(standing);
  if (!network) return [];
  const isKnown = knownAmong(standing);
  const ports = await session.network.ports.list({ network_id: network.physicalId });
  const balancers = (await balancersOn(session, network.physicalId)).filter((one) => !isKnown(one));
  const others = ports.filter((port) => port.network_id === network.physicalId && isObstacle(port, isKnown));
  return [...balancers, ...others.map(obstacleOf)];
}

type IsKnown = (one: { readonly id: string; readonly name?: string }) => boolean;

/**
 * Whether it is the cluster's: by its id, or by its name, as one whose id was never kept or is forgotten. A router's port has no
 * name of ours, but the interface's id begins with the router's.
 */
function knownAmong(standing: readonly StandingResource[]): IsKnown {
  const ids = new Set(standing.flatMap(({ physicalId }) => (physicalId === null ? [] : [physicalId, physicalId.split(':')[0]])));
  const names = new Set(standing.map(({ physicalName }) => physicalName));
  return ({ id, name }) => ids.has(id) || (name !== undefined && names.has(name));
}

export function networkOf(standing: readonly StandingResource[]): (StandingResource & { physicalId: string }) | undefined {
  const network = standing.find(({ type }) => type === 'OS::Neutron::Net');
  return network && network.physicalId !== null ? { ...network, physicalId: network.physicalId } : undefined;
}

export function inTheWay(network: string, obstacles: readonly Obstacle[], step: string): OperationFailure {
  const names = obstacles.map(({ type, id, name }) => `${type} ${name || id} (${id})`);
  return new OperationFailure('network-in-use', `network ${network} cannot go: ${boundedList(names)} stands on it`, {
    step,
    object: `network ${network}`,
    fixableBy: 'user',
    hint: 'remove what stands there, or move it to another network, and delete the cluster again',
  });
}

/** Neutron's own ports go with their network; those of load balancers go with these. */
const OF_THE_NETWORK = /^(network:(?!router_(interface|gateway))|ovn-lb)/;
const OF_A_BALANCER = /^(octavia-lb|ovn-lb)-/;

function isObstacle(port: Port, isKnown: IsKnown): boolean {
  if (isKnown(port) || isKnown({ id: port.device_id })) return false;
  if (OF_THE_NETWORK.test(port.device_owner) || port.device_owner === 'Octavia' || OF_A_BALANCER.test(port.name)) return false;
  return true;
}

function obstacleOf(port: Port): Obstacle {
  if (port.device_owner.startsWith('compute:')) return { type: 'server', id: port.device_id, name: port.name };
  if (port.device_owner.startsWith('network:router')) return { type: 'router', id: port.device_id, name: port.name };
  return { type: 'port', id: port.id, name: port.name };
}
