import type { EventEntity } from '#libs/db';
import { z } from 'zod';
import { nullableText, numberOf, textOf } from '../../http/views.js';

export const eventView = z
  .object({
    id: numberOf('Number; rises with time'),
    type: textOf('`operation.accepted`, `operation.step`, `stack.resource`, `node.phase`, ...'),
    level: z.enum(['info', 'warning', 'error']).meta({ description: 'How bad it is' }),
    message: textOf('One sentence'),
    operation_id: nullableText('uuid of the operation it belongs to'),
    node_id: nullableText('uuid of the node it is about'),
    data: z.record(z.string(), z.unknown()).meta({ description: 'Further fields, by type' }),
    created_at: textOf('When'),
  })
  .meta({ id: 'Event', description: 'Something that happened to a cluster' });
export const eventListView = z
  .object({
    events: z.array(eventView).meta({ description: 'Oldest first' }),
    after: numberOf('Give it as `after` to go on from here; the same as before when nothing is new'),
  })
  .meta({ id: 'Events', description: 'Events of a cluster, the oldest first' });

export function toEventView(row: EventEntity): z.infer<typeof eventView> {
  return {
    id: row.id,
    type: row.type,
    level: row.level,
    message: row.message,
    operation_id: row.operationUuid,
    node_id: row.nodeUuid,
    data: row.data,
    created_at: row.createdAt.toISOString(),
  };
}
