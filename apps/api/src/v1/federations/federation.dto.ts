import type { z } from 'zod';
import { body, boolean, choice, ignored, query, readOnly, stringList, stringMap, text } from '../../http/wire.js';

const STATUSES = ['CREATE', 'UPDATE', 'DELETE'].flatMap((action) =>
  ['IN_PROGRESS', 'FAILED', 'COMPLETE'].map((status) => `${action}_${status}`),
);

/** `POST /v1/federations`. Source: magnum/api/controllers/v1/federation.py; reference section 5.9. */
export const createFederationBody = body('federation', 'FederationCreate', 'A federation to ask for; none is ever made', {
  name: text({ description: 'Name', min: 1, max: 242, pattern: /^[a-zA-Z][a-zA-Z0-9_.-]*$/ }),
  hostcluster_id: text({ description: 'uuid or name of the cluster that would host it', example: 'k1' }),
  member_ids: stringList({ description: 'Clusters that would be in it' }),
  properties: stringMap({ description: 'Must have `dns-zone`', example: { 'dns-zone': 'example.com.' } }),
  status: choice({ description: 'Accepted and ignored', values: STATUSES, fallback: null }),
  status_reason: ignored('written by the service'),
  uuid: ignored('made by the service'),
  created_at: ignored('written by the service'),
  updated_at: ignored('written by the service'),
  links: readOnly('links'),
});
export type CreateFederationBody = z.output<typeof createFederationBody>;

export const federationPatchQuery = query({
  rollback: boolean({ description: 'Accepted: there is nothing to roll back', fallback: null }),
});
