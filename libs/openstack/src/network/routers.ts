import { z } from 'zod';
import { Collection, gone } from '../collection.js';
import type { ServiceApi } from '../service-api.js';

const router = z.looseObject({
  id: z.string(),
  project_id: z.string().nullish(),
  name: z.string().default(''),
  description: z.string().nullish(),
  status: z.string().default(''),
  admin_state_up: z.boolean().default(true),
  external_gateway_info: z
    .looseObject({
      network_id: z.string().nullish(),
      enable_snat: z.boolean().optional(),
      external_fixed_ips: z
        .array(z.looseObject({ subnet_id: z.string().optional(), ip_address: z.string().optional() }))
        .default([]),
    })
    .nullish(),
  tags: z.array(z.string()).default([]),
  created_at: z.string().nullish(),
});
export type Router = z.infer<typeof router>;

/** Neutron routers. */
export class Routers extends Collection<typeof router> {
  constructor(api: ServiceApi) {
    super(api, { service: 'network', path: '/routers', one: 'router', many: 'routers', object: router });
  }

  /**
   * Gives the router a port in a subnet, or that port. Not repeatable: Neutron refuses what is there already.
   * @param which one of the two
   */
  async addInterface(id: string, which: { subnet_id: string } | { port_id: string }): Promise<void> {
    await this.api.call({
      service: 'network',
      method: 'PUT',
      template: '/routers/{id}/add_router_interface',
      params: { id },
      body: which,
      idempotent: false,
    });
  }

  /** Removing what is gone is success. */
  async removeInterface(id: string, which: { subnet_id: string } | { port_id: string }): Promise<void> {
    await gone(
      this.api.call({
        service: 'network',
        method: 'PUT',
        template: '/routers/{id}/remove_router_interface',
        params: { id },
        body: which,
      }),
    );
  }
}
