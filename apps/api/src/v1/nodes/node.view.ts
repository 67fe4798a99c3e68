import type { NodeEntity, NodePhaseEntity } from '#libs/db';
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
    phase: z.enum(NODE_PHASES).meta({ description: 'The newest phase' }),
    phase_status: z.enum(['started', 'done', 'failed']).meta({ description: 'Its state' }),
    phase_at: textOf('Since when'),
    ready_at: nullableText('When Kubernetes first said Ready'),
    unhealthy_since: nullableText('Since when it is known to be unwell; null: nothing is known against it'),
    unhealthy_reason: nullableText('What is wrong with it'),
    phases: z.array(phaseView).meta({ description: 'What it reported, in order' }),
  })
  .meta({ id: 'Node', description: 'A machine of a cluster' });
export const nodeListView = z
  .object({ nodes: z.array(nodeView).meta({ description: 'All of them' }) })
  .meta({ id: 'Nodes', description: 'The machines of a cluster, masters first' });

export function toNodeView(row: NodeEntity, phases: readonly NodePhaseEntity[]): z.infer<typeof nodeView> {
  return {
    uuid: row.uuid,
    name: row.name,
    role: row.role,
    nodegroup_id: row.nodeGroupUuid,
    slot: row.slot,
    server_id: row.serverId,
    private_address: row.privateIp,
    floating_address: row.floatingIp,
    phase: row.phase,
    phase_status: row.phaseStatus,
    phase_at: row.phaseAt.toISOString(),
    ready_at: row.readyAt?.toISOString() ?? null,
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
