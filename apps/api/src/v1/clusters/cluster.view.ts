import { CLUSTER_STATUSES, HEALTH_STATUSES, isFailed, labelDifference, Microversion, type Labels } from '#libs/domain';
import type { ClusterEntity, GroupSummary } from '#libs/db';
import { z } from 'zod';
import { linkView, resourceLinks } from '../../http/links.js';
import { createdAt, labelsView, nullableNumber, nullableText, numberOf, textOf, updatedAt, wireTime } from '../../http/views.js';

const handle = z.string().nullable().optional();

const summaryShape = {
  uuid: textOf('uuid'),
  name: textOf('Name'),
  cluster_template_id: textOf('uuid of the template'),
  keypair: nullableText('Nova key pair'),
  node_count: numberOf('Workers of all groups'),
  master_count: numberOf('Masters'),
  docker_volume_size: nullableNumber('GB of the volume for containers'),
  labels: labelsView('Effective labels'),
  master_flavor_id: nullableText('Flavor of masters, as given'),
  flavor_id: nullableText('Flavor of workers, as given'),
  create_timeout: nullableNumber('Minutes'),
  links: z.array(linkView).meta({ description: 'Where the resource is' }),
  stack_id: handle.meta({ description: 'uuid of the infrastructure stack. Until microversion 1.12' }),
  cluster_id: handle.meta({ description: 'The same. Since microversion 1.13' }),
  status: z.enum(CLUSTER_STATUSES).meta({ description: 'State' }),
  health_status: z.enum(HEALTH_STATUSES).nullable().meta({ description: 'Health; null before the first look' }),
  merge_labels: z.literal(false).meta({ description: 'Always false' }),
};

/** What the plain list shows. Reference section 5.2. */
export const clusterSummaryView = z.object(summaryShape).meta({ id: 'ClusterSummary', description: 'A cluster, in short' });

const fullShape = {
  ...summaryShape,
  status_reason: nullableText('Why it is so'),
  health_status_reason: labelsView('Health of the API and the nodes'),
  discovery_url: nullableText('As given'),
  api_address: nullableText('URL of the Kubernetes API'),
  coe_version: nullableText('Version of Kubernetes'),
  container_version: nullableText('Version of the container runtime'),
  project_id: textOf('Owner'),
  user_id: textOf('Maker'),
  node_addresses: z.array(z.string()).meta({ description: 'Of workers' }),
  master_addresses: z.array(z.string()).meta({ description: 'Of masters' }),
  fixed_network: nullableText('Network, as given'),
  fixed_subnet: nullableText('Subnet, as given'),
  floating_ip_enabled: z.boolean().meta({ description: 'Floating addresses' }),
  master_lb_enabled: z.boolean().meta({ description: 'A load balancer before the masters' }),
  labels_overridden: labelsView('Labels of the template that have another value here; the template’s value'),
  labels_added: labelsView('Labels that the template has not'),
  labels_skipped: labelsView('Labels of the template that are not here'),
  created_at: createdAt,
  updated_at: updatedAt,
  faults: labelsView('Reason by failed node group; only when shown alone, and only when the cluster has failed').optional(),
};
export const clusterView = z.object(fullShape).meta({ id: 'Cluster', description: 'A cluster' });
export const uuidView = z
  .object({ uuid: textOf('uuid of the cluster') })
  .meta({ id: 'Accepted', description: 'What was accepted' });

const next = z.string().optional().meta({ description: 'URL of the next page; there when this page is full' });
export const clusterListView = z
  .object({ clusters: z.array(clusterSummaryView).meta({ description: 'One page of them' }), next })
  .meta({ id: 'Clusters', description: 'A page of clusters' });
export const clusterDetailListView = z
  .object({ clusters: z.array(clusterView).meta({ description: 'One page of them' }), next })
  .meta({ id: 'ClustersDetail', description: 'A page of clusters with all fields' });

export type ClusterSummaryView = z.infer<typeof clusterSummaryView>;
export type ClusterView = z.infer<typeof clusterView>;

const CLUSTER_ID_SINCE = Microversion.of('1.13');

/** What the cluster is made of, by its wire names: what every view begins with, and what a patch is compared with. */
export function wireAttributes(
  row: ClusterEntity,
  groups: readonly GroupSummary[],
): Pick<
  ClusterSummaryView,
  | 'name'
  | 'cluster_template_id'
  | 'keypair'
  | 'node_count'
  | 'master_count'
  | 'docker_volume_size'
  | 'labels'
  | 'master_flavor_id'
  | 'flavor_id'
  | 'create_timeout'
> {
  const count = (masters: boolean): number =>
    groups.filter((group) => (group.role === 'master') === masters).reduce((sum, group) => sum + group.nodeCount, 0);
  return {
    name: row.name,
    cluster_template_id: row.clusterTemplateUuid,
    keypair: row.keypair,
    node_count: count(false),
    master_count: count(true),
    docker_volume_size: row.dockerVolumeSize,
    labels: row.labels,
    master_flavor_id: row.masterFlavorId,
    flavor_id: row.flavorId,
    create_timeout: row.createTimeout,
  };
}

/** @param groups of this cluster, in the order of their creation */
export function toSummaryView(
  base: string,
  version: Microversion,
  row: ClusterEntity,
  groups: readonly GroupSummary[],
): ClusterSummaryView {
  return {
    uuid: row.uuid,
    ...wireAttributes(row, groups),
    links: resourceLinks(base, `clusters/${row.uuid}`),
    [version.atLeast(CLUSTER_ID_SINCE) ? 'cluster_id' : 'stack_id']: row.stackId,
    status: row.status,
    health_status: row.healthStatus,
    merge_labels: false,
  };
}

/** @param parent the template's labels as they are now */
export function toClusterView(
  base: string,
  version: Microversion,
  row: ClusterEntity,
  groups: readonly GroupSummary[],
  parent: Labels,
): ClusterView {
  const difference = labelDifference(parent, row.labels);
  const addresses = (masters: boolean): string[] =>
    groups.filter((group) => (group.role === 'master') === masters).flatMap((group) => group.nodeAddresses);
  return {
    ...toSummaryView(base, version, row, groups),
    status_reason: row.statusReason,
    health_status_reason: row.healthStatusReason,
    discovery_url: row.discoveryUrl,
    api_address: row.apiAddress,
    coe_version: row.coeVersion,
    container_version: row.containerVersion,
    project_id: row.projectId,
    user_id: row.userId,
    node_addresses: addresses(false),
    master_addresses: addresses(true),
    fixed_network: row.fixedNetwork,
    fixed_subnet: row.fixedSubnet,
    floating_ip_enabled: row.floatingIpEnabled,
    master_lb_enabled: row.masterLbEnabled,
    labels_overridden: difference.overridden,
    labels_added: difference.added,
    labels_skipped: difference.skipped,
    created_at: wireTime(row.createdAt),
    updated_at: wireTime(row.updatedAt),
  };
}

/** The view of one cluster alone: with `faults` when it has failed. */
export function toShownClusterView(
  base: string,
  version: Microversion,
  row: ClusterEntity,
  groups: readonly GroupSummary[],
  parent: Labels,
): ClusterView {
  const view = toClusterView(base, version, row, groups, parent);
  if (!isFailed(row.status)) return view;
  const failed = groups.filter((group) => isFailed(group.status));
  return { ...view, faults: Object.fromEntries(failed.map((group) => [group.name, group.statusReason ?? ''])) };
}
