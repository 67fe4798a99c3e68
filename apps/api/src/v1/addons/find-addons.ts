import { AddonCatalogue, ADDONS, isAddonName, minorOf } from '#libs/addons';
import { ClusterAddonsRepository, type ClusterAddonEntity, type ClusterEntity } from '#libs/db';
import { NotFound, type RequestContext } from '#libs/domain';
import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { Policy } from '../../policy/policy.js';
import { FindKnownCluster } from '../history/known-cluster.js';
import { toAddonView, toCatalogueEntry, type addonListView, type addonView, type catalogueView } from './addon.view.js';

/** What add-ons there are, and which of them a cluster has. */
@Injectable()
export class FindAddons {
  constructor(
    private readonly policy: Policy,
    private readonly known: FindKnownCluster,
    private readonly addons: ClusterAddonsRepository,
    private readonly catalogue: AddonCatalogue,
  ) {}

  /** @param minor null: for all minors of Kubernetes */
  all(ctx: RequestContext, minor: string | null): z.infer<typeof catalogueView> {
    this.policy.enforce(ctx, 'cluster:get_all');
    return { addons: ADDONS.map((definition) => toCatalogueEntry(definition, this.catalogue, minor ?? undefined)) };
  }

  async ofCluster(ctx: RequestContext, ident: string): Promise<z.infer<typeof addonListView>> {
    const { scope, uuid, cluster } = await this.known.run(ctx, ident, 'not');
    const rows = await this.addons.ofCluster(scope, uuid);
    return { addons: rows.map((row) => toAddonView(row, this.versionsFor(row, cluster))) };
  }

  /** @throws NotFound the cluster, or it has no such add-on */
  async one(ctx: RequestContext, ident: string, name: string): Promise<z.infer<typeof addonView>> {
    const { scope, uuid, cluster } = await this.known.run(ctx, ident, 'not');
    const row = (await this.addons.ofCluster(scope, uuid)).find((one) => one.name === name);
    if (!row) throw addonNotFound(name);
    return toAddonView(row, this.versionsFor(row, cluster));
  }

  private versionsFor({ name }: ClusterAddonEntity, cluster: ClusterEntity | null): string[] {
    if (!isAddonName(name) || !cluster?.coeVersion) return [];
    return this.catalogue.versions(name, minorOf(cluster.coeVersion)).map(({ version }) => version);
  }
}

export const addonNotFound = (name: string): NotFound =>
  new NotFound('addon-not-found', `Add-on ${name} could not be found.`, { addon: name });
