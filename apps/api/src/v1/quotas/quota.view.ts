import type { QuotaEntity } from '#libs/db';
import { z } from 'zod';
import { createdAt, numberOf, textOf, updatedAt, wireTime } from '../../http/views.js';

export const quotaView = z
  .object({
    id: numberOf('Number; absent where the default counts').optional(),
    hard_limit: numberOf('How many at most'),
    project_id: textOf('Project'),
    resource: textOf('What is limited: `Cluster`'),
    created_at: createdAt.optional(),
    updated_at: updatedAt.optional(),
  })
  .meta({ id: 'Quota', description: 'How much a project may have' });
export const quotaListView = z
  .object({
    quotas: z.array(quotaView).meta({ description: 'One page of them' }),
    next: z.string().optional().meta({ description: 'URL of the next page' }),
  })
  .meta({ id: 'Quotas', description: 'A page of quotas' });

export function toQuotaView(row: QuotaEntity): z.infer<typeof quotaView> {
  return {
    id: row.id,
    hard_limit: row.hardLimit,
    project_id: row.projectId,
    resource: row.resource,
    created_at: wireTime(row.createdAt),
    updated_at: wireTime(row.updatedAt),
  };
}
