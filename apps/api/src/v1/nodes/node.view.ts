import type { NodeEntity, NodeObjects, NodePhaseEntity } from '#libs/db';
import { NODE_PHASES } from '#libs/domain';
import { z } from 'zod';
import { nullableNumber, nullableText, numberOf, textOf } from '../../http/views.js';

const phaseView = z
  .object({
    phase: z.enum(NODE_PHASES).meta({ description: 'Which' }),
    status: z.enum(['started', 'done', 'failed']).meta({ description: 'How it went' }),
    exit_code: nullableNumber('Of the command that ended it'),
    log_tail: nullableText('The end of its log, secrets masked'),
    at: textOf('When it was reported'),
  })
  .meta({ id: 'NodePhase', description: 'What a node reported' });
export const nodeView = z
  .object({
    uuid: textOf('uuid'),
    name: textOf('Name of server and Kubernetes node'),
    role: z.enum(['master', 'worker']).meta({ description: 'Role' }),
    nodegroup_id: textOf('uuid of the node group'),
    slot: numberOf('Number in the group'),
    server_id: nullableText('Nova server'),
    private_address: nullableText('Address on the cluster’s network'),
    floating_address: nullableText('Floating address'),
    port_ids: z.array(z.string()).meta({ description: 'Neutron ports of its server' }),
    volume_ids: z.array(z.string()).meta({ description: 'Cinder volumes made for it' }),
    phase: z.enum(NODE_PHASES).meta({ description: 'The newest phase' }),
    phase_status: z.enum(['started', 'done', 'failed']).meta({ description: 'Its state' }),
    phase_at: textOf('Since when'),
    created_at: textOf('When it was planned'),
    bundle_fetched_at: nullableText('When it took what it is made from'),
    joined_at: nullableText('When kubeadm had ended well on it'),
    ready_at: nullableText('When Kubernetes first said Ready'),
    leaving_since: nullableText('Since when it is on its way out; null: it is to stay'),
    unhealthy_since: nullableText('Since when it is known to be unwell; null: nothing is known against it'),
    unhealthy_reason: nullableText('What is wrong with it'),
    phases: z.array(phaseView).meta({ description: 'What it reported, in order' }),
  })
  .meta({ id: 'Node', description: 'A machine of a cluster' });
export const nodeListView = z
  .object({
    nodes: z.array(nodeView).meta({ description: 'One page of them' }),
    next: z.string().optional().meta({ description: 'URL of the next page' }),
  })
  .meta({ id: 'Nodes', description: 'The machines of a cluster, masters first' });

export const consoleView = z
  .object({
    node_id: textOf('uuid of the node'),
    server_id: textOf('Nova server'),
    output: textOf('The end of its console, secrets masked'),
  })
  .meta({ id: 'NodeConsole', description: 'What a machine wrote on its console' });

export function toNodeView(
  row: NodeEntity,
  phases: readonly NodePhaseEntity[],
  { ports, volumes }: NodeObjects,
): z.infer<typeof nodeView> {
  return {
    uuid: row.uuid,
    name: row.name,
    role: row.role,
    nodegroup_id: row.nodeGroupUuid,
    slot: row.slot,
    server_id: row.serverId,
    private_address: row.privateIp,
    floating_address: row.floatingIp,
    port_ids: [...ports],
    volume_ids: [...volumes],
    phase: row.phase,
    phase_status: row.phaseStatus,
    phase_at: row.phaseAt.toISOString(),
    created_at: row.createdAt.toISOString(),
    bundle_fetched_at: row.bundleFetchedAt?.toISOString() ?? null,
    joined_at: row.joinedAt?.toISOString() ?? null,
    ready_at: row.readyAt?.toISOString() ?? null,
    leaving_since: row.leavingSince?.toISOString() ?? null,
    unhealthy_since: row.unhealthySince?.toISOString() ?? null,
    unhealthy_reason: row.unhealthyReason,
    phases: phases.map((phase) => ({
      phase: phase.phase,
      status: phase.status,
      exit_code: phase.exitCode,
      log_tail: phase.logTail,
      at: phase.at.toISOString(),
    })),
  };
}
