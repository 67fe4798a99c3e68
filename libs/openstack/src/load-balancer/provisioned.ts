import { z } from 'zod';

/** What every object of a load balancer has. Statuses are Octavia's own words. */
export const provisioned = {
  id: z.string(),
  project_id: z.string().nullish(),
  provisioning_status: z.string().default(''),
  operating_status: z.string().default(''),
  admin_state_up: z.boolean().default(true),
  tags: z.array(z.string()).default([]),
  created_at: z.string().nullish(),
};

/** Objects of the same load balancer, by id. */
export const references = z.array(z.looseObject({ id: z.string() })).default([]);
