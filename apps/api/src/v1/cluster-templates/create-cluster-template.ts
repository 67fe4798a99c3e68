import { randomUUID } from 'node:crypto';
import { bootVolumeSizeGb, driverFor, Forbidden, generateName, labelsOf, type RequestContext } from '#libs/domain';
import type { Settings } from '#libs/config';
import { ClusterTemplatesRepository, UnitOfWork, type ClusterTemplateEntity } from '#libs/db';
import { Inject, Injectable } from '@nestjs/common';
import { CloudChecks, inOrder } from '../../cloud/cloud-checks.js';
import { Policy } from '../../policy/policy.js';
import { SETTINGS } from '../../tokens.js';
import type { CreateTemplateBody } from './cluster-template.dto.js';
import { checkTemplateChoices, DEFAULT_NETWORK_DRIVER, missingCoe } from './template-rules.js';

/** Body -> choices -> policy -> cloud -> publish -> flavors -> row: Magnum's order. Reference section 2.1. */
@Injectable()
export class CreateClusterTemplate {
  constructor(
    private readonly policy: Policy,
    private readonly checks: CloudChecks,
    private readonly templates: ClusterTemplatesRepository,
    private readonly uow: UnitOfWork,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  async run(ctx: RequestContext, body: CreateTemplateBody): Promise<ClusterTemplateEntity> {
    if (body.coe === null) throw missingCoe();
    const { coe } = body;
    checkTemplateChoices(body);
    this.policy.enforce(ctx, 'clustertemplate:create');

    const labels = labelsOf(body.labels ?? {});
    const bootVolumeGb = bootVolumeSizeGb(labels, this.settings.DEFAULT_BOOT_VOLUME_SIZE);
    const image = this.checks.image(ctx, body.image_id);
    const flavors = inOrder(
      this.checks.flavor(ctx, 'flavor_id', body.flavor_id, bootVolumeGb),
      this.checks.flavor(ctx, 'master_flavor_id', body.master_flavor_id, bootVolumeGb),
    );
    flavors.catch(() => undefined);
    await inOrder(
      image,
      this.checks.externalNetwork(ctx, body.external_network_id),
      this.checks.fixedNetwork(ctx, body.fixed_network),
      this.checks.fixedSubnet(ctx, body.fixed_subnet),
    );
    const { os_distro: distro, magnum_driver: imageDriver } = await image;
    const asked = body.driver ?? (typeof imageDriver === 'string' ? imageDriver : null);
    const driver = driverFor({ serverType: body.server_type, distro, coe }, asked);
    if ((body.public || body.hidden) && !this.policy.allows(ctx, 'clustertemplate:publish')) throw notPublisher();
    await flavors;

    return this.uow.run((tx) =>
      this.templates.insert(tx, {
        uuid: ctx.reservedUuid ?? randomUUID(),
        projectId: ctx.projectId ?? '',
        userId: ctx.userId,
        name: body.name ?? generateName('template'),
        coe,
        imageId: body.image_id,
        flavorId: body.flavor_id,
        masterFlavorId: body.master_flavor_id,
        dnsNameserver: body.dns_nameserver,
        keypairId: body.keypair_id,
        externalNetworkId: body.external_network_id,
        fixedNetwork: body.fixed_network,
        fixedSubnet: body.fixed_subnet,
        networkDriver: body.network_driver ?? DEFAULT_NETWORK_DRIVER,
        apiserverPort: body.apiserver_port,
        dockerVolumeSize: body.docker_volume_size,
        clusterDistro: distro,
        httpProxy: body.http_proxy,
        httpsProxy: body.https_proxy,
        noProxy: body.no_proxy,
        volumeDriver: body.volume_driver,
        registryEnabled: body.registry_enabled,
        labels,
        tlsDisabled: body.tls_disabled,
        public: body.public,
        serverType: body.server_type,
        insecureRegistry: body.insecure_registry,
        dockerStorageDriver: body.docker_storage_driver,
        masterLbEnabled: body.master_lb_enabled,
        floatingIpEnabled: body.floating_ip_enabled,
        hidden: body.hidden,
        tags: body.tags,
        driver,
      }),
    );
  }
}

export function notPublisher(): Forbidden {
  return new Forbidden('publish', 'Not authorized to set public or hidden flag for cluster template.');
}
