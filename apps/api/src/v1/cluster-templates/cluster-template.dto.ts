import type { z } from 'zod';
import { body, boolean, choice, integer, labelMap, readOnly, requiredText, text, ignored, type Field } from '../../http/wire.js';

const name255 = (description: string, example?: string): Field<string | null> => text({ description, min: 1, max: 255, example });

/** `kubernetes` or null; that it is missing is told in words of its own. */
const coe = choice({
  description: 'Container orchestration engine; mandatory',
  values: ['kubernetes'],
  fallback: null,
  example: 'kubernetes',
});

/** Fields that create sets and PATCH may change, in upstream's order. Reference section 5.1. */
export const TEMPLATE_FIELDS = {
  name: name255('Name; made from a Greek letter and a number when absent', 'k8s-small'),
  coe,
  image_id: requiredText({ description: 'Glance image, id or name; it must carry `os_distro`', min: 1, max: 255 }),
  flavor_id: name255('Nova flavor of workers, id or name', 'm1.medium'),
  master_flavor_id: name255('Nova flavor of masters, id or name', 'm1.medium'),
  dns_nameserver: text({ description: 'IPv4 address of a name server, or several joined by commas', example: '8.8.8.8' }),
  keypair_id: name255('Nova key pair; looked up when a cluster is made'),
  external_network_id: name255('Network with `router:external`, id or name', 'public'),
  fixed_network: name255('Existing network for the nodes, id or name; absent: one is made'),
  fixed_subnet: name255('Existing subnet for the nodes, id or name'),
  network_driver: text({ description: 'Pod network: `flannel` (default) or `calico`', example: 'calico' }),
  apiserver_port: integer({ description: 'Port of the Kubernetes API', min: 1024, max: 65535, fallback: null }),
  docker_volume_size: integer({ description: 'GB of a Cinder volume for containers, on each node', min: 1, fallback: null }),
  http_proxy: name255('HTTP proxy of the nodes'),
  https_proxy: name255('HTTPS proxy of the nodes'),
  no_proxy: name255('Addresses the nodes reach without proxy'),
  volume_driver: text({ description: 'Storage for pods: `cinder` or nothing' }),
  registry_enabled: boolean({ description: 'A registry in the cluster', fallback: false }),
  labels: labelMap({ description: 'Settings of the driver; values are kept as text' }),
  tls_disabled: boolean({ description: 'No TLS for the Kubernetes API', fallback: false }),
  public: boolean({ description: 'Every project may use it; needs rule `clustertemplate:publish`', fallback: false }),
  server_type: choice({ description: 'Machines: `vm` or `bm`', values: ['vm', 'bm'], fallback: 'vm' }),
  insecure_registry: name255('Registry that is spoken to without TLS'),
  docker_storage_driver: text({ description: 'Storage driver of the container runtime' }),
  master_lb_enabled: boolean({ description: 'A load balancer before the masters', fallback: false }),
  floating_ip_enabled: boolean({ description: 'Floating addresses', fallback: true }),
  hidden: boolean({
    description: 'Not listed to other projects, not to be used; needs rule `clustertemplate:publish`',
    fallback: false,
  }),
  tags: text({ description: 'Words of your own, by convention joined by commas', max: 255 }),
  driver: text({
    description: 'Name of the driver; default: the one for server type, `os_distro` and COE',
    example: 'k8s_kubeadm',
  }),
};

export const createTemplateBody = body('cluster_template', 'ClusterTemplateCreate', 'A cluster template to make', {
  ...TEMPLATE_FIELDS,
  uuid: ignored('made by the service'),
  cluster_distro: ignored('the image’s `os_distro` is taken'),
  links: readOnly('links'),
  project_id: readOnly('owner'),
  user_id: readOnly('maker'),
  created_at: readOnly('time'),
  updated_at: readOnly('time'),
});
export type CreateTemplateBody = z.output<typeof createTemplateBody>;
