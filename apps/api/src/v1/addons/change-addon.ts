import { AddonCatalogue, addonNamed, isAddonName, minorOf, type AddonName } from '#libs/addons';
import { ClusterAddonsRepository, ClustersRepository, type ClusterAddonEntity, type ClusterEntity } from '#libs/db';
import { assertChangeAllowed, Conflict, InvalidInput, type RequestContext } from '#libs/domain';
import { Injectable } from '@nestjs/common';
import { Policy } from '../../policy/policy.js';
import { scopeOf } from '../../policy/scope.js';
import { ChangeCluster } from '../clusters/change-cluster.js';
import type { ChangeAddonBody } from './addon.dto.js';
import { addonNotFound } from './find-addons.js';

/** Lookup -> policy -> status -> what is wanted -> row and operation. Ours, not Magnum's. The cluster's status stays. */
@Injectable()
export class ChangeAddon {
  constructor(
    private readonly policy: Policy,
    private readonly clusters: ClustersRepository,
    private readonly addons: ClusterAddonsRepository,
    private readonly catalogue: AddonCatalogue,
    private readonly changes: ChangeCluster,
  ) {}

  /** @returns the cluster's uuid */
  async run(ctx: RequestContext, ident: string, name: string, body: ChangeAddonBody): Promise<string> {
    const scope = scopeOf(this.policy, ctx, 'cluster:update_all_projects');
    const seen = await this.clusters.get(scope, ident);
    this.policy.enforce(ctx, 'cluster:update', seen);
    if (!isAddonName(name)) throw addonNotFound(name);
    await this.changes.run(ctx, seen, async (tx, cluster) => {
      const row = (await this.addons.all(tx, cluster.uuid)).find((one) => one.name === name);
      if (!row) throw addonNotFound(name);
      assertChangeAllowed('addons', cluster.status);
      const wanted = this.wanted(name, row, cluster, body);
      await this.addons.want(tx, cluster.uuid, name, wanted);
      return {
        kind: 'addons',
        request: { changes: [{ name, ...wanted }] },
        message: `${name} ${wanted.enabled ? (wanted.version ?? '') : 'to be removed'} of cluster ${cluster.name} was asked for`,
        statusStays: true,
      };
    });
    return seen.uuid;
  }

  /** @throws Conflict the cluster needs it; InvalidInput there is no such version for its Kubernetes */
  private wanted(
    name: AddonName,
    row: ClusterAddonEntity,
    { coeVersion }: ClusterEntity,
    { enabled, version }: ChangeAddonBody,
  ): { enabled: boolean; version: string | null; pinned: boolean } {
    const definition = addonNamed(name);
    const on = enabled ?? row.enabled;
    if (definition.required && on !== row.enabled) {
      const words = on ? `Add-on ${name} is chosen when the cluster is made.` : `The cluster cannot be without add-on ${name}.`;
      throw new Conflict('addon-required', words, { addon: name });
    }
    const minor = minorOf(coeVersion ?? '');
    const chosen = version === 'default' ? this.catalogue.defaultVersion(name, minor) : (version ?? row.version);
    if (
      (on || version !== null) &&
      (chosen === null || !this.catalogue.versions(name, minor).some((one) => one.version === chosen))
    ) {
      const offered = this.catalogue.versions(name, minor).map((one) => one.version);
      throw new InvalidInput(
        'addon-version-missing',
        `Add-on ${name} has no version ${chosen ?? 'at all'} for Kubernetes ${minor}. There is: ${offered.join(', ') || 'none'}.`,
        { field: 'version', addon: name },
      );
    }
    return { enabled: on, version: chosen, pinned: version === null ? row.pinned : version !== 'default' };
  }
}
