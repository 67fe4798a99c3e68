import { z } from 'zod';

const id = z.string().min(1);
/** Outputs of the infrastructure stack. */
const infraOutputs = z.object({
  network_id: id,
  subnet_id: id,
  /** Addresses from which nodes without a floating IP are seen outside; empty on a network that was there before. */
  router_external_ips: z.array(z.string()),
  /** Of every node: what the cluster's nodes may among themselves. */
  cluster_security_group_id: id,
  master_security_group_id: id,
  worker_security_group_id: id,
  master_server_group_id: id,
  worker_server_group_id: id,
  /** Floating IP or VIP of the cluster's API; null: the first master's own address is it. */
  api_host: z.string().nullable(),
  /** The VIP; null without load balancer. */
  api_private_ip: z.string().nullable(),
  api_floating_ip_id: z.string().nullable(),
  load_balancer_id: z.string().nullable(),
  pool_id: z.string().nullable(),
});
export type InfraOutputs = z.infer<typeof infraOutputs>;

/** Reads an infrastructure stack's stored outputs; throws ZodError when they are not such. */
export function parseInfraOutputs(outputs: unknown): InfraOutputs {
  return infraOutputs.parse(outputs);
}
