import { CLUSTER_STATUSES, labelDifference, type Labels } from '#libs/domain';
import type { NodeGroupEntity } from '#libs/db';
import { z } from 'zod';
import { linkView, resourceLinks } from '../../http/links.js';
import { createdAt, labelsView, nullableNumber, nullableText, numberOf, textOf, updatedAt, wireTime } from '../../http/views.js';

const summaryShape = {
  uuid: textOf('uuid'),
  name: textOf('Name, unique in the cluster'),
  flavor_id: nullableText('Nova flavor, as given'),
  image_id: nullableText('Glance image, as given'),
  node_count: numberOf('Nodes'),
  role: textOf('`master`, or a word for workers'),
  min_node_count: numberOf('Fewest nodes'),
  max_node_count: nullableNumber('Most nodes; null: no limit'),
  is_default: z.boolean().meta({ description: 'Made with the cluster' }),
  stack_id: nullableText('uuid of the group’s stack'),
  status: z.enum(CLUSTER_STATUSES).meta({ description: 'State' }),
  merge_labels: z.literal(false).meta({ description: 'Always false' }),
};

/** What lists show, with the true limits. Reference section 5.3. */
export const nodeGroupSummaryView = z
  .object(summaryShape)
  .meta({ id: 'NodeGroupSummary', description: 'A node group, in short' });
export const nodeGroupView = z
  .object({
    id: numberOf('Number'),
    ...summaryShape,
    cluster_id: textOf('uuid of the cluster'),
    project_id: textOf('Owner'),
    docker_volume_size: nullableNumber('GB of the volume for containers'),
    labels: labelsView('Effective labels'),
    links: z.array(linkView).meta({ description: 'Where the resource is' }),
    node_addresses: z.array(z.string()).meta({ description: 'Addresses of the nodes' }),
    status_reason: nullableText('Why it is so'),
    version: nullableText('Version of Kubernetes'),
    labels_overridden: labelsView('Labels of the cluster that have another value here; the cluster’s value'),
    labels_added: labelsView('Labels that the cluster has not'),
    labels_skipped: labelsView('Labels of the cluster that are not here'),
    node_labels: labelsView('Kubernetes labels of the nodes'),
    node_taints: z
      .array(z.object({ key: textOf('Key'), value: textOf('Value').optional(), effect: textOf('What happens to pods') }))
      .meta({ description: 'Kubernetes taints of the nodes' }),
    created_at: createdAt,
    updated_at: updatedAt,
  })
  .meta({ id: 'NodeGroup', description: 'Equal nodes of a cluster' });
export const nodeGroupListView = z
  .object({
    nodegroups: z.array(nodeGroupSummaryView).meta({ description: 'One page of them' }),
    next: z.string().optional().meta({ description: 'URL of the next page; there when this page is full' }),
  })
  .meta({ id: 'NodeGroups', description: 'A page of node groups' });

export function toGroupSummaryView(row: NodeGroupEntity): z.infer<typeof nodeGroupSummaryView> {
  return {
    uuid: row.uuid,
    name: row.name,
    flavor_id: row.flavorId,
    image_id: row.imageId,
    node_count: row.nodeCount,
    role: row.role,
    min_node_count: row.minNodeCount,
    max_node_count: row.maxNodeCount,
    is_default: row.isDefault,
    stack_id: row.stackId,
    status: row.status,
    merge_labels: false,
  };
}

/** @param parent the cluster's labels */
export function toGroupView(base: string, row: NodeGroupEntity, parent: Labels): z.infer<typeof nodeGroupView> {
  const difference = labelDifference(parent, row.labels);
  return {
    id: row.id,
    ...toGroupSummaryView(row),
    cluster_id: row.clusterUuid,
    project_id: row.projectId,
    docker_volume_size: row.dockerVolumeSize,
    labels: row.labels,
    links: resourceLinks(base, `clusters/${row.clusterUuid}/nodegroups/${row.uuid}`),
    node_addresses: row.nodeAddresses,
    status_reason: row.statusReason,
    version: row.version,
    labels_overridden: difference.overridden,
    labels_added: difference.added,
    labels_skipped: difference.skipped,
    node_labels: row.nodeLabels,
    node_taints: row.nodeTaints,
    created_at: wireTime(row.createdAt),
    updated_at: wireTime(row.updatedAt),
  };
}
