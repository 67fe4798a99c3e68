import { kubernetesVersionOf, networkPlan, type NetworkPlan } from '#libs/bootstrap';
import type { ClusterEntity, ClusterTemplateEntity, NodeFacts, NodeGroupEntity } from '#libs/db';
import type { ResolvedCloud } from './resolve-cloud.js';

/**
 * The cluster's ranges, if they have room for so many nodes.
 * @throws InvalidInput as `networkPlan`
 */
export function addressPlan(
  cluster: ClusterEntity,
  template: ClusterTemplateEntity,
  resolved: ResolvedCloud,
  nodeCount: number,
): NetworkPlan {
  return networkPlan({
    labels: cluster.labels,
    networkDriver: template.networkDriver,
    existingCidr: resolved.existingNetwork?.cidr ?? null,
    nodeCount,
  });
}

/**
 * What nodes of a group are made from. Pure.
 * @param defaultVersion where neither image nor labels name a version of Kubernetes
 * @throws InvalidInput image and labels disagree, or the version is not known here
 */
export function factsOf(
  group: NodeGroupEntity,
  resolved: Pick<ResolvedCloud, 'groups'>,
  nodeCidr: string,
  defaultVersion: string,
): NodeFacts {
  const ids = resolved.groups[group.uuid];
  if (!ids) throw new Error(`nothing was resolved for node group ${group.name}`);
  const { flavorId, imageId, imageKubeVersion, imageDistro = null } = ids;
  const kubernetesVersion = kubernetesVersionOf({ kube_version: imageKubeVersion }, group.labels, defaultVersion);
  return { flavorId, imageId, kubernetesVersion, imageKubeVersion, imageDistro, nodeCidr };
}
