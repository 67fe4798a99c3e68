import type { ClusterTemplateEntity } from '#libs/db';
import { z } from 'zod';
import { linkView, resourceLinks } from '../../http/links.js';
import { createdAt, labelsView, nullableNumber, nullableText, textOf, updatedAt, wireTime } from '../../http/views.js';

/** The same full object in list, detail and show, at every microversion. Reference section 5.1. */
export const clusterTemplateView = z
  .object({
    uuid: textOf('uuid'),
    name: nullableText('Name'),
    coe: textOf('Container orchestration engine'),
    image_id: textOf('Glance image, as given'),
    flavor_id: nullableText('Flavor of workers, as given'),
    master_flavor_id: nullableText('Flavor of masters, as given'),
    dns_nameserver: nullableText('Name servers'),
    keypair_id: nullableText('Nova key pair'),
    external_network_id: nullableText('External network, as given'),
    fixed_network: nullableText('Network of the nodes, as given'),
    fixed_subnet: nullableText('Subnet of the nodes, as given'),
    network_driver: nullableText('Pod network'),
    apiserver_port: nullableNumber('Port of the Kubernetes API'),
    docker_volume_size: nullableNumber('GB of the volume for containers'),
    cluster_distro: nullableText('The image’s `os_distro`'),
    links: z.array(linkView).meta({ description: 'Where the resource is' }),
    http_proxy: nullableText('HTTP proxy'),
    https_proxy: nullableText('HTTPS proxy'),
    no_proxy: nullableText('Addresses without proxy'),
    volume_driver: nullableText('Storage for pods'),
    registry_enabled: z.boolean().meta({ description: 'A registry in the cluster' }),
    labels: labelsView('Settings of the driver'),
    tls_disabled: z.boolean().meta({ description: 'No TLS for the Kubernetes API' }),
    public: z.boolean().meta({ description: 'Every project may use it' }),
    server_type: textOf('`vm` or `bm`'),
    insecure_registry: nullableText('Registry without TLS'),
    docker_storage_driver: nullableText('Storage driver of the container runtime'),
    master_lb_enabled: z.boolean().meta({ description: 'A load balancer before the masters' }),
    floating_ip_enabled: z.boolean().meta({ description: 'Floating addresses' }),
    project_id: textOf('Owner'),
    user_id: textOf('Maker'),
    hidden: z.boolean().meta({ description: 'Not listed to other projects, not to be used' }),
    tags: nullableText('Words of the owner'),
    driver: nullableText('Name of the driver'),
    created_at: createdAt,
    updated_at: updatedAt,
  })
  .meta({ id: 'ClusterTemplate', description: 'What clusters are made from' });
export type ClusterTemplateView = z.infer<typeof clusterTemplateView>;

export const clusterTemplateListView = z
  .object({
    clustertemplates: z.array(clusterTemplateView).meta({ description: 'One page of them' }),
    next: z.string().optional().meta({ description: 'URL of the next page; there when this page is full' }),
  })
  .meta({ id: 'ClusterTemplates', description: 'A page of cluster templates' });

export function toTemplateView(base: string, row: ClusterTemplateEntity): ClusterTemplateView {
  return {
    uuid: row.uuid,
    name: row.name,
    coe: row.coe,
    image_id: row.imageId,
    flavor_id: row.flavorId,
    master_flavor_id: row.masterFlavorId,
    dns_nameserver: row.dnsNameserver,
    keypair_id: row.keypairId,
    external_network_id: row.externalNetworkId,
    fixed_network: row.fixedNetwork,
    fixed_subnet: row.fixedSubnet,
    network_driver: row.networkDriver,
    apiserver_port: row.apiserverPort,
    docker_volume_size: row.dockerVolumeSize,
    cluster_distro: row.clusterDistro,
    links: resourceLinks(base, `clustertemplates/${row.uuid}`),
    http_proxy: row.httpProxy,
    https_proxy: row.httpsProxy,
    no_proxy: row.noProxy,
    volume_driver: row.volumeDriver,
    registry_enabled: row.registryEnabled,
    labels: row.labels,
    tls_disabled: row.tlsDisabled,
    public: row.public,
    server_type: row.serverType,
    insecure_registry: row.insecureRegistry,
    docker_storage_driver: row.dockerStorageDriver,
    master_lb_enabled: row.masterLbEnabled,
    floating_ip_enabled: row.floatingIpEnabled,
    project_id: row.projectId,
    user_id: row.userId,
    hidden: row.hidden,
    tags: row.tags,
    driver: row.driver,
    created_at: wireTime(row.createdAt),
    updated_at: wireTime(row.updatedAt),
  };
}
