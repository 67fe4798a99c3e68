import type { z } from 'zod';
import { body, boolean, query, text } from '../../http/wire.js';

/** `PATCH /v1/clusters/{cluster}/addons/{addon}` */
export const changeAddonBody = body('addon', 'AddonChange', 'What is wanted of an add-on; what is not given stays', {
  enabled: boolean({ description: 'Whether the cluster has it', fallback: null, example: true }),
  version: text({
    description: 'Version; one that is named is kept by upgrades where they can. `default`: what the catalogue takes first',
    max: 63,
    example: 'v0.8.0',
  }),
});
export type ChangeAddonBody = z.output<typeof changeAddonBody>;

/** `GET /v1/addons` */
export const catalogueQuery = query({
  kubernetes: text({ description: 'Only versions for this minor', pattern: /^1\.\d{1,3}$/, example: '1.36' }),
});
export type CatalogueQuery = z.output<typeof catalogueQuery>;
