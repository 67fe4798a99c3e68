import { Conflict, Forbidden, InvalidInput, NotFound, type CodeOf, type RequestContext } from '#libs/domain';
import type { Found, Image } from '#libs/openstack';
import { Injectable } from '@nestjs/common';
import { CloudCatalogue } from './cloud-catalogue.js';

/**
 * Whether what a template or a cluster names is there, with Magnum's words where it is not. Reference sections 2.5, 8.4.
 * A null name is fine: nothing was asked for.
 */
@Injectable()
export class CloudChecks {
  constructor(private readonly cloud: CloudCatalogue) {}

  /** What the caller's project sees of the images of a distribution. */
  imagesOf(ctx: RequestContext, distro: string): Promise<readonly Image[]> {
    return this.cloud.imagesOf(ctx, distro);
  }

  /** The image, with its `os_distro`. */
  async image(ctx: RequestContext, nameOrId: string): Promise<Image & { readonly os_distro: string }> {
    const found = await this.cloud.image(ctx, nameOrId);
    if (found.kind === 'forbidden')
      throw new Forbidden('image-forbidden', `Not authorized for image ${nameOrId}.`, { image: nameOrId });
    if (found.kind === 'none') throw missing('image-not-found', `Image ${nameOrId} could not be found.`, 'image_id', nameOrId);
    if (found.kind === 'ambiguous') throw ambiguous('images', 'image ID', nameOrId);
    const { os_distro: distro } = found.object;
    if (!distro) {
      throw missing('image-without-distro', `Image ${nameOrId} doesn't contain os_distro field.`, 'image_id', nameOrId);
    }
    return { ...found.object, os_distro: distro };
  }

  /** @param bootVolumeGb 0: nodes boot from the flavor's disk, so it must have one */
  async flavor(ctx: RequestContext, field: string, nameOrId: string | null, bootVolumeGb: number): Promise<void> {
    if (nameOrId === null) return;
    const found = await this.cloud.flavor(ctx, nameOrId);
    if (found.kind !== 'found') throw missing('flavor-not-found', `Unable to find flavor ${nameOrId}.`, field, nameOrId);
    if (found.object.disk === 0 && bootVolumeGb === 0) {
      throw missing(
        'flavor-without-disk',
        'Flavor with zero root volume size is not supported when boot_volume_size is zero.',
        field,
        nameOrId,
      );
    }
  }

  async externalNetwork(ctx: RequestContext, nameOrId: string | null): Promise<void> {
    if (nameOrId === null) return;
    const found = await this.cloud.externalNetwork(ctx, nameOrId);
    this.one(found, 'external network', 'external_network_id', nameOrId);
  }

  async fixedNetwork(ctx: RequestContext, nameOrId: string | null): Promise<void> {
    if (nameOrId === null) return;
    this.one(await this.cloud.network(ctx, nameOrId), 'network', 'fixed_network', nameOrId);
  }

  async fixedSubnet(ctx: RequestContext, nameOrId: string | null): Promise<void> {
    if (nameOrId === null) return;
    this.one(await this.cloud.subnet(ctx, nameOrId), 'subnet', 'fixed_subnet', nameOrId);
  }

  /** A key pair that is not there is 404, unlike everything else. */
  async keypair(ctx: RequestContext, name: string | null): Promise<void> {
    if (name === null) return;
    const found = await this.cloud.keypair(ctx, name);
    if (found.kind !== 'found')
      throw new NotFound('keypair-not-found', `Unable to find keypair ${name}.`, { field: 'keypair', value: name });
  }

  private one(found: Found<{ id: string }>, what: 'external network' | 'network' | 'subnet', field: string, value: string): void {
    if (found.kind === 'ambiguous') throw ambiguous(`${what}s`, `${what} ID`, value);
    if (found.kind === 'found') return;
    const spoken = what === 'external network' ? what : `fixed ${what}`;
    throw missing(NOT_FOUND[what], `Unable to find ${spoken} ${value}.`, field, value);
  }
}

const NOT_FOUND = {
  'external network': 'external-network-not-found',
  network: 'fixed-network-not-found',
  subnet: 'fixed-subnet-not-found',
} as const;

/** Checks that run together and complain in their order. */
export async function inOrder(...checks: readonly Promise<unknown>[]): Promise<void> {
  for (const result of await Promise.allSettled(checks)) {
    if (result.status === 'rejected') throw result.reason;
  }
}

function missing(code: CodeOf<400>, message: string, field: string, value: string): InvalidInput {
  return new InvalidInput(code, message, { field, value });
}

function ambiguous(kinds: string, id: string, value: string): Conflict {
  return new Conflict('ambiguous-name', `Multiple ${kinds} exist with same name '${value}'. Please use the ${id} instead.`, {
    value,
  });
}
