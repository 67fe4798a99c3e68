import { QUOTA_RESOURCE } from '#libs/domain';
import type { z } from 'zod';
import {
  argumentsBody,
  body,
  boolean,
  choice,
  integer,
  query,
  readOnly,
  requiredInteger,
  text,
  ignored,
} from '../../http/wire.js';

/** Reference section 5.6. */
export const createQuotaBody = body('quota', 'QuotaCreate', 'A quota to set', {
  project_id: text({ description: 'The project; it must be there', min: 1, max: 255 }),
  resource: choice({ description: 'What is limited', values: [QUOTA_RESOURCE], fallback: QUOTA_RESOURCE }),
  hard_limit: integer({ description: 'How many at most', min: 0, fallback: 1 }),
  id: ignored('made by the service'),
  created_at: readOnly('time'),
  updated_at: readOnly('time'),
});
export type CreateQuotaBody = z.output<typeof createQuotaBody>;

/** A plain object, not a patch. Without `hard_limit` upstream sets 1; here it is refused. */
export const updateQuotaBody = body('quotapatch', 'QuotaUpdate', 'The new limit', {
  hard_limit: requiredInteger({ description: 'How many at most', min: 0 }),
  project_id: ignored('the path counts'),
  resource: ignored('the path counts'),
  id: ignored('the path counts'),
});
export type UpdateQuotaBody = z.output<typeof updateQuotaBody>;

/** `DELETE /v1/quotas` with a body, as old clients send it. */
export const deleteQuotaBody = argumentsBody('QuotaDelete', 'The quota to remove', {
  project_id: 'The project',
  resource: 'What is limited: `Cluster`',
});
export type DeleteQuotaBody = z.output<typeof deleteQuotaBody>;

export const quotaQuery = query({
  marker: text({ description: 'Number of the last quota of the page before' }),
  limit: text({ description: 'Items at most' }),
  sort_key: text({ description: '`id`, `project_id`, `resource`, `hard_limit`' }),
  sort_dir: text({ description: '`asc` (default) or `desc`' }),
  all_tenants: boolean({ description: 'Of every project', fallback: false }),
});
export type QuotaQuery = z.output<typeof quotaQuery>;
