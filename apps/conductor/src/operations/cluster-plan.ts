import type { ClusterEntity, ClusterTemplateEntity, NodeEntity, NodeGroupEntity, OperationEntity } from '#libs/db';
import { OperationFailure } from '#libs/domain';
import { driverNamed, type ClusterSpec, type Driver, type GroupSpec, type InfraOutputs, type NodeSpec } from '#libs/drivers';
import type { ResolvedCloud } from './resolve-cloud.js';

export const DEFAULT_API_PORT = 6443;

/** What the resolve step of this operation has found; undefined before it. */
export function resolvedOf(operation: OperationEntity): ResolvedCloud | undefined {
  return operation.request['resolved'] as ResolvedCloud | undefined;
}

/** The cluster as its driver wants it. Pure. */
export function clusterSpec(
  cluster: ClusterEntity,
  groups: readonly NodeGroupEntity[],
  template: ClusterTemplateEntity,
  resolved: ResolvedCloud,
): ClusterSpec {
  const count = (of: readonly NodeGroupEntity[]): number => of.reduce((sum, group) => sum + group.nodeCount, 0);
  return {
    uuid: cluster.uuid,
    name: cluster.name,
    projectId: cluster.projectId,
    labels: cluster.labels,
    keypair: cluster.keypair || null,
    networkDriver: template.networkDriver,
    masterCount: count(groups.filter(isMaster)),
    nodeCount: count(groups),
    masterLbEnabled: cluster.masterLbEnabled,
    floatingIpEnabled: cluster.floatingIpEnabled,
    apiPort: template.apiserverPort ?? DEFAULT_API_PORT,
    externalNetworkId: resolved.externalNetworkId,
    existingNetwork: resolved.existingNetwork,
    dnsNameservers: (template.dnsNameserver ?? '')
      .split(',')
      .map((address) => address.trim())
      .filter((address) => address !== ''),
  };
}

/** A node group as its driver wants it. Pure. */
export function groupSpec(group: NodeGroupEntity): GroupSpec {
  return {
    uuid: group.uuid,
    name: group.name,
    role: isMaster(group) ? 'master' : 'worker',
    isDefault: group.isDefault,
    dockerVolumeSizeGib: group.dockerVolumeSize,
    labels: group.labels,
  };
}

/** A node as its driver wants it. Pure. @throws OperationFailure nothing was resolved for it */
export function nodeSpec(node: NodeEntity, group: NodeGroupEntity): NodeSpec {
  const facts = node.facts ?? group.nodeFacts;
  if (!facts) {
    throw new OperationFailure('group-unresolved', `resolve: nothing is known of node group ${group.name}`, {
      step: 'resolve',
      object: `node group ${group.name}`,
    });
  }
  return {
    uuid: node.uuid,
    slot: node.slot,
    name: node.name,
    flavorId: facts.flavorId,
    imageId: facts.imageId,
    joined: node.joinedAt !== null,
    leaving: node.leavingSince !== null,
  };
}

export const isMaster = (group: { readonly role: string }): boolean => group.role === 'master';

/** @throws OperationFailure this conductor has no such driver */
export function driverOf(resolved: ResolvedCloud): Driver {
  const driver = driverNamed(resolved.driver);
  if (driver) return driver;
  throw new OperationFailure('driver-missing', `resolve: this conductor has no driver ${resolved.driver}`, {
    step: 'resolve',
  });
}

/**
 * The address of the cluster's API for users and nodes. Null while it is not known.
 * @param firstMasterIp counts when the infrastructure has neither load balancer nor floating IP
 */
export function apiAddress(infra: InfraOutputs, firstMasterIp: string | null, apiPort: number): string | null {
  const host = infra.api_host ?? firstMasterIp;
  return host === null ? null : `https://${host.includes(':') ? `[${host}]` : host}:${apiPort}`;
}

/** The floating IP that is the first master's own: there is one, and no load balancer in front. */
export function firstMasterFloatingIp(infra: InfraOutputs): string | null {
  return infra.api_floating_ip_id !== null && infra.load_balancer_id === null ? infra.api_host : null;
}
