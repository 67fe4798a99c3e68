import type { RequestContext } from '#libs/domain';
import { ClustersRepository, NodeGroupsRepository, type ClusterEntity, type NodeGroupEntity, type PageRequest } from '#libs/db';
import { Injectable } from '@nestjs/common';
import { Policy } from '../../policy/policy.js';
import { scopeOf } from '../../policy/scope.js';

/** Policy -> cluster -> groups. Reference section 2.1. */
@Injectable()
export class FindNodeGroups {
  constructor(
    private readonly policy: Policy,
    private readonly clusters: ClustersRepository,
    private readonly groups: NodeGroupsRepository,
  ) {}

  sortKeys(): string[] {
    return this.groups.sortKeys();
  }

  async list(
    ctx: RequestContext,
    clusterIdent: string,
    page: PageRequest,
    role: string | null,
  ): Promise<{ cluster: ClusterEntity; rows: NodeGroupEntity[] }> {
    this.policy.enforce(ctx, 'nodegroup:get_all');
    const scope = scopeOf(this.policy, ctx, 'nodegroup:get_all_all_projects');
    const cluster = await this.clusters.get(scope, clusterIdent);
    return { cluster, rows: await this.groups.page(scope, cluster.uuid, page, role) };
  }

  async show(
    ctx: RequestContext,
    clusterIdent: string,
    ident: string,
  ): Promise<{ cluster: ClusterEntity; row: NodeGroupEntity }> {
    this.policy.enforce(ctx, 'nodegroup:get');
    const scope = scopeOf(this.policy, ctx, 'nodegroup:get_one_all_projects');
    const cluster = await this.clusters.get(scope, clusterIdent);
    return { cluster, row: await this.groups.get(scope, cluster.uuid, ident) };
  }
}
