import { createHash } from 'node:crypto';
import type { RequestContext } from '#libs/domain';
import {
  isForbidden,
  type Cloud,
  type Flavor,
  type Found,
  type Image,
  type Keypair,
  type Network,
  type Subnet,
} from '#libs/openstack';
import { cloudTrouble } from './cloud-trouble.js';
import { ShortCache } from './short-cache.js';

/** What `image` may say besides what was looked for. */
export type FoundImage = Found<Image> | { readonly kind: 'forbidden' };

/**
 * What the caller's project sees of the cloud, remembered for half a minute: many creates from one template ask once.
 * Everything is asked with the caller's own token.
 */
export class CloudCatalogue {
  private readonly cache = new ShortCache<{ readonly kind: string }>();

  constructor(private readonly cloud: Cloud) {}

  image(ctx: RequestContext, nameOrId: string): Promise<FoundImage> {
    return this.ask<FoundImage>(ctx, `image:${nameOrId}`, async () => {
      try {
        return await this.session(ctx).image.images.find(nameOrId);
      } catch (error) {
        if (isForbidden(error)) return { kind: 'forbidden' };
        throw error;
      }
    });
  }

  /** Every image of a distribution. */
  async imagesOf(ctx: RequestContext, distro: string): Promise<readonly Image[]> {
    const { images } = await this.ask(ctx, `images:${distro}`, async () => ({
      kind: 'listed' as const,
      images: await this.session(ctx).image.images.list({ os_distro: distro }),
    }));
    return images;
  }

  /** By id or name; the first match wins. */
  flavor(ctx: RequestContext, nameOrId: string): Promise<Found<Flavor>> {
    return this.ask<Found<Flavor>>(ctx, `flavor:${nameOrId}`, async () => {
      const flavors = await this.session(ctx).compute.flavors.list();
      const object = flavors.find((one) => one.id === nameOrId) ?? flavors.find((one) => one.name === nameOrId);
      return object ? { kind: 'found', object } : { kind: 'none' };
    });
  }

  network(ctx: RequestContext, nameOrId: string): Promise<Found<Network>> {
    return this.ask(ctx, `network:${nameOrId}`, () => this.session(ctx).network.networks.find(nameOrId));
  }

  /** Only networks with `router:external`. */
  externalNetwork(ctx: RequestContext, nameOrId: string): Promise<Found<Network>> {
    return this.ask<Found<Network>>(ctx, `external:${nameOrId}`, async () => {
      const all = await this.session(ctx).network.networks.list({ 'router:external': true });
      const byId = all.find((one) => one.id === nameOrId);
      const named = byId ? [byId] : all.filter((one) => one.name === nameOrId);
      const [object] = named;
      if (!object) return { kind: 'none' };
      return named.length === 1 ? { kind: 'found', object } : { kind: 'ambiguous', ids: named.map((one) => one.id) };
    });
  }

  subnet(ctx: RequestContext, nameOrId: string): Promise<Found<Subnet>> {
    return this.ask(ctx, `subnet:${nameOrId}`, () => this.session(ctx).network.subnets.find(nameOrId));
  }

  /** The caller's own. */
  keypair(ctx: RequestContext, name: string): Promise<Found<Keypair>> {
    return this.ask(ctx, `keypair:${ctx.userId}:${name}`, () => this.session(ctx).compute.keypairs.find(name));
  }

  private session(ctx: RequestContext): ReturnType<Cloud['session']> {
    return this.cloud.session({ kind: 'token', token: ctx.token });
  }

  /** @throws ServiceUnavailable with the service's name when it does not answer; Unauthenticated the token has ended */
  private async ask<T extends { readonly kind: string }>(
    ctx: RequestContext,
    what: string,
    question: () => Promise<T>,
  ): Promise<T> {
    const key = createHash('sha256')
      .update(`${ctx.projectId ?? ''}\n${ctx.roles.join()}\n${what}`)
      .digest('base64');
    try {
      return (await this.cache.get(key, question, (answer) => answer.kind === 'found')) as T;
    } catch (error) {
      throw cloudTrouble(error);
    }
  }
}
