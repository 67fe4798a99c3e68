import { CLUSTER_STATUSES, HEALTH_STATUSES } from '#libs/domain';
import type { z } from 'zod';
import {
  body,
  boolean,
  query,
  choice,
  ignored,
  integer,
  labelMap,
  readOnly,
  requiredInteger,
  requiredText,
  text,
  textList,
  type Field,
} from '../../http/wire.js';

const name255 = (description: string, example?: string): Field<string | null> => text({ description, min: 1, max: 255, example });

/** Reference section 5.2. */
export const CLUSTER_FIELDS = {
  cluster_template_id: requiredText({ description: 'Template: uuid, name or number', min: 1, max: 255, example: 'k8s-small' }),
  name: text({
    description: 'Name; made from a Greek letter and a number when absent. Need not be unique',
    min: 1,
    max: 242,
    pattern: /^[a-zA-Z][a-zA-Z0-9_.-]*$/,
    example: 'k1',
  }),
  keypair: name255('Nova key pair of the caller; default: the template’s'),
  node_count: integer({ description: 'Workers; 0 from microversion 1.10', min: 0, fallback: 1 }),
  master_count: integer({ description: 'Masters: odd; more than one need a load balancer', min: 1, fallback: 1 }),
  docker_volume_size: integer({ description: 'GB of a volume for containers; default: the template’s', min: 1, fallback: null }),
  labels: labelMap({ description: 'Instead of the template’s labels, or merged over them' }),
  merge_labels: boolean({ description: 'Lay `labels` over the template’s', fallback: false }),
  master_flavor_id: name255('Nova flavor of masters; default: the template’s'),
  flavor_id: name255('Nova flavor of workers; default: the template’s'),
  create_timeout: integer({
    description: 'Minutes until a create that goes on has failed; 60 by default',
    min: 0,
    fallback: null,
  }),
  discovery_url: text({ description: 'Kept and returned, not used' }),
  fixed_network: name255('Existing network; default: the template’s'),
  fixed_subnet: name255('Existing subnet; default: the template’s'),
  floating_ip_enabled: boolean({ description: 'Floating addresses; default: the template’s', fallback: null }),
  master_lb_enabled: boolean({ description: 'A load balancer before the masters; default: the template’s', fallback: null }),
  uuid: ignored('made by the service'),
  status: choice({ description: 'Accepted and ignored', values: CLUSTER_STATUSES, fallback: null }),
  status_reason: ignored('written by the service'),
  health_status: choice({ description: 'Accepted and ignored', values: HEALTH_STATUSES, fallback: null }),
  health_status_reason: ignored('written by the service'),
  faults: ignored('written by the service'),
  labels_overridden: ignored('calculated'),
  labels_added: ignored('calculated'),
  labels_skipped: ignored('calculated'),
  stack_id: readOnly('handle of the back end'),
  cluster_id: readOnly('handle of the back end'),
  api_address: readOnly('address'),
  coe_version: readOnly('version'),
  container_version: readOnly('version'),
  node_addresses: readOnly('addresses'),
  master_addresses: readOnly('addresses'),
  project_id: readOnly('owner'),
  user_id: readOnly('maker'),
  links: readOnly('links'),
  created_at: readOnly('time'),
  updated_at: readOnly('time'),
};

/** `POST /v1/clusters`. */
export const createClusterBody = body('cluster', 'ClusterCreate', 'A cluster to make', CLUSTER_FIELDS);
export type CreateClusterBody = z.output<typeof createClusterBody>;

/** `PATCH /v1/clusters/{cluster}`. */
export const updateClusterQuery = query({
  rollback: boolean({
    description: 'When the change fails, go back to the nodes of before. Since microversion 1.3',
    fallback: null,
  }),
});
export type UpdateClusterQuery = z.output<typeof updateClusterQuery>;

const deletion = {
  keep_volumes: boolean({
    description:
      'true: volumes and snapshots of PersistentVolumeClaims stay. Not said: their reclaim policies decide, and what nobody knows of ' +
      'stays. false: what nobody knows of goes too; what says Retain stays',
    fallback: null,
  }),
  keep_load_balancers: boolean({
    description:
      'true: load balancers of Services stay, with their floating IPs. Only where the network that they stand on stays too',
    fallback: null,
  }),
};

/** `DELETE /v1/clusters/{cluster}`. Ours; Magnum knows no parameters. */
export const deleteClusterQuery = query({
  ...deletion,
  force: boolean({
    description: 'Go on past what will not go: it is left, forgotten and told in the operation’s `result`',
    fallback: null,
  }),
});
export type DeleteClusterQuery = z.output<typeof deleteClusterQuery>;

/** `GET /v1/clusters/{cluster}/delete-plan`. */
export const deletePlanQuery = query(deletion);
export type DeletePlanQuery = z.output<typeof deletePlanQuery>;

/** `POST /v1/clusters/{cluster}/actions/resize`. Reference section 7.1. */
export const resizeBody = body('cluster_resize_req', 'ClusterResize', 'How many nodes a group is to have', {
  node_count: requiredInteger({ description: 'Nodes; 0 from microversion 1.10', min: 0, example: 3 }),
  nodes_to_remove: textList({
    description: 'Which nodes go first when there are to be fewer: server id, node uuid, node name, or number in the group',
  }),
  nodegroup: name255('uuid, name or number of the node group; default: the default workers', 'default-worker'),
});
export type ResizeBody = z.output<typeof resizeBody>;

/** `POST /v1/clusters/{cluster}/actions/repair`. Ours. */
export const repairBody = body('cluster_repair_req', 'ClusterRepair', 'Which nodes are to be replaced', {
  nodes: textList({
    description: 'Nodes by uuid, name or server id; none named: all that are marked unhealthy',
  }),
});
export type RepairBody = z.output<typeof repairBody>;

/** `POST /v1/clusters/{cluster}/actions/upgrade`. Reference section 7.2. */
export const upgradeBody = body('cluster_upgrade_req', 'ClusterUpgrade', 'The template a cluster is to follow', {
  cluster_template: requiredText({ description: 'uuid or name of the template', min: 1, max: 255, example: 'k8s-1-37' }),
  max_batch_size: integer({ description: 'Workers replaced at the same time', min: 1, fallback: 1 }),
  nodegroup: name255('uuid, name or number of the node group; default: the default workers', 'default-worker'),
});
export type UpgradeBody = z.output<typeof upgradeBody>;
