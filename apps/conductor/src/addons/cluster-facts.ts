import { networkPlan } from '#libs/bootstrap';
import type { AddonInput, PlanInput } from '#libs/addons';
import type { ClusterEntity, ClusterTemplateEntity, NodeGroupEntity } from '#libs/db';
import { labelText } from '#libs/domain';

/** Rows of a cluster, as far as its add-ons are concerned. */
export interface ClusterFacts {
  readonly cluster: ClusterEntity;
  readonly template: ClusterTemplateEntity;
  readonly groups: readonly NodeGroupEntity[];
}

export interface CloudFacts {
  readonly authUrl: string;
  readonly ownCloudAuthority: boolean;
}

/** What the masters run; null before the step resolve. */
export function kubernetesVersionOf({ cluster, groups }: ClusterFacts): string | null {
  const masters = groups.find((group) => group.role === 'master');
  return cluster.coeVersion ?? masters?.nodeFacts?.kubernetesVersion ?? null;
}

export function planInput({ cluster, template }: ClusterFacts, kubernetesVersion: string): PlanInput {
  const { networkDriver, volumeDriver } = template;
  return { labels: cluster.labels, networkDriver, volumeDriver, kubernetesVersion };
}

/** Pure. */
export function addonInput(facts: ClusterFacts, cloud: CloudFacts, kubernetesVersion: string): AddonInput {
  const { cluster, template, groups } = facts;
  const masters = groups.filter((group) => group.role === 'master');
  const plan = networkPlan({
    labels: cluster.labels,
    networkDriver: template.networkDriver,
    existingCidr: masters[0]?.nodeFacts?.nodeCidr ?? null,
    nodeCount: 1,
  });
  return {
    clusterUuid: cluster.uuid,
    kubernetesVersion,
    podCidr: plan.podCidr,
    dnsServiceIp: plan.dnsServiceIp,
    imagePrefix: labelText(cluster.labels, 'container_infra_prefix'),
    masterCount: masters.reduce((sum, group) => sum + group.nodeCount, 0),
    labels: cluster.labels,
    credential: cluster.trustId ?? '',
    ...cloud,
  };
}
