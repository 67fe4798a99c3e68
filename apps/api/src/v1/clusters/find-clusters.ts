import type { RequestContext, Scope } from '#libs/domain';
import {
  ClustersRepository,
  ClusterTemplatesRepository,
  type ClusterEntity,
  type GroupSummary,
  type PageRequest,
} from '#libs/db';
import { Injectable } from '@nestjs/common';
import { Policy } from '../../policy/policy.js';
import { scopeOf } from '../../policy/scope.js';

/** A cluster with what its view needs. */
export interface FoundCluster {
  readonly row: ClusterEntity;
  readonly groups: readonly GroupSummary[];
  /** The template's labels; empty where nobody looks at them. */
  readonly templateLabels: Readonly<Record<string, string>>;
}

@Injectable()
export class FindClusters {
  constructor(
    private readonly policy: Policy,
    private readonly clusters: ClustersRepository,
    private readonly templates: ClusterTemplatesRepository,
  ) {}

  sortKeys(): string[] {
    return this.clusters.sortKeys();
  }

  /** Two queries at any page size. */
  async list(ctx: RequestContext, page: PageRequest): Promise<FoundCluster[]> {
    this.policy.enforce(ctx, 'cluster:get_all');
    const scope = scopeOf(this.policy, ctx, 'cluster:get_all_all_projects');
    const rows = await this.clusters.page(scope, page);
    const groups = await this.clusters.groupsOf(
      scope,
      rows.map((row) => row.uuid),
    );
    return rows.map((row) => ({ row, groups: groups.get(row.uuid) ?? [], templateLabels: {} }));
  }

  async detail(ctx: RequestContext, page: PageRequest): Promise<FoundCluster[]> {
    this.policy.enforce(ctx, 'cluster:detail');
    const scope = scopeOf(this.policy, ctx, 'cluster:detail_all_projects');
    return this.complete(scope, await this.clusters.page(scope, page));
  }

  async show(ctx: RequestContext, ident: string): Promise<FoundCluster> {
    const scope = scopeOf(this.policy, ctx, 'cluster:get_one_all_projects');
    const row = await this.clusters.get(scope, ident);
    this.policy.enforce(ctx, 'cluster:get', row);
    const [found] = await this.complete(scope, [row]);
    return found ?? { row, groups: [], templateLabels: {} };
  }

  private async complete(scope: Scope, rows: readonly ClusterEntity[]): Promise<FoundCluster[]> {
    const [groups, labels] = await Promise.all([
      this.clusters.groupsOf(
        scope,
        rows.map((row) => row.uuid),
      ),
      this.templates.labelsOf(scope, [...new Set(rows.map((row) => row.clusterTemplateUuid))]),
    ]);
    return rows.map((row) => ({
      row,
      groups: groups.get(row.uuid) ?? [],
      templateLabels: labels.get(row.clusterTemplateUuid) ?? {},
    }));
  }
}
