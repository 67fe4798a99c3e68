import { CLUSTER_STATUSES, TAINT_EFFECTS } from '#libs/domain';
import type { z } from 'zod';
import {
  body,
  boolean,
  choice,
  dictList,
  ignored,
  integer,
  labelMap,
  readOnly,
  requiredText,
  text,
  textMap,
} from '../../http/wire.js';

const taint = {
  type: 'object',
  required: ['key', 'effect'],
  additionalProperties: false,
  properties: {
    key: { type: 'string', description: 'Key' },
    value: { type: 'string', description: 'Value' },
    effect: { type: 'string', enum: TAINT_EFFECTS, description: 'What happens to pods that do not tolerate it' },
  },
};

/** Reference section 5.3. */
export const NODE_GROUP_FIELDS = {
  name: requiredText({ description: 'Name, unique in the cluster', min: 1, max: 255, example: 'gpu' }),
  docker_volume_size: integer({ description: 'GB of a volume for containers; none by default', min: 1, fallback: null }),
  labels: labelMap({ description: 'Instead of the cluster’s labels, or merged over them' }),
  merge_labels: boolean({ description: 'Lay `labels` over the cluster’s', fallback: false }),
  flavor_id: text({ description: 'Nova flavor; default: the cluster’s', min: 1, max: 255, example: 'm1.large' }),
  image_id: text({ description: 'Glance image; default: the template’s', min: 1, max: 255 }),
  node_count: integer({ description: 'Nodes', min: 0, fallback: 1 }),
  role: text({
    description: 'A word for what the nodes do; `worker` by default, never `master`',
    min: 1,
    max: 255,
    example: 'worker',
  }),
  min_node_count: integer({ description: 'Fewest nodes', min: 0, fallback: 0 }),
  max_node_count: integer({ description: 'Most nodes; null and 0: no limit', min: 0, fallback: null }),
  node_labels: textMap({ description: 'Kubernetes labels of the nodes', example: { disk: 'ssd' } }),
  node_taints: dictList({ description: 'Kubernetes taints of the nodes', items: taint }),
  id: ignored('made by the service'),
  uuid: ignored('made by the service'),
  cluster_id: ignored('the path says it'),
  is_default: ignored('only the groups made with the cluster are'),
  status: choice({ description: 'Accepted and ignored', values: CLUSTER_STATUSES, fallback: null }),
  status_reason: ignored('written by the service'),
  version: ignored('written by the service'),
  labels_overridden: ignored('calculated'),
  labels_added: ignored('calculated'),
  labels_skipped: ignored('calculated'),
  project_id: readOnly('owner'),
  links: readOnly('links'),
  node_addresses: readOnly('addresses'),
  stack_id: readOnly('handle of the back end'),
  created_at: readOnly('time'),
  updated_at: readOnly('time'),
};

/** `POST /v1/clusters/{cluster}/nodegroups`. */
export const createNodeGroupBody = body('nodegroup', 'NodeGroupCreate', 'A node group to make', NODE_GROUP_FIELDS);
export type CreateNodeGroupBody = z.output<typeof createNodeGroupBody>;
