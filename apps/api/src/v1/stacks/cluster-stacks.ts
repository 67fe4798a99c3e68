import type { RequestContext, Scope } from '#libs/domain';
import {
  ClustersRepository,
  StackViewsRepository,
  type ResourceOverview,
  type ResourcePage,
  type StackOverview,
  type WholeStack,
} from '#libs/db';
import { Injectable } from '@nestjs/common';
import { Policy } from '../../policy/policy.js';
import { scopeOf } from '../../policy/scope.js';

/** What a cluster stands on in the cloud, for whoever may show the cluster. */
@Injectable()
export class ClusterStacks {
  constructor(
    private readonly policy: Policy,
    private readonly clusters: ClustersRepository,
    private readonly stacks: StackViewsRepository,
  ) {}

  async list(
    ctx: RequestContext,
    cluster: string,
    marker: string | null,
    limit: number,
  ): Promise<{ clusterUuid: string; rows: StackOverview[] }> {
    const { scope, uuid } = await this.find(ctx, cluster);
    const after = marker === null ? null : (await this.stacks.get(scope, uuid, marker)).uuid;
    return { clusterUuid: uuid, rows: await this.stacks.page(scope, uuid, after, limit) };
  }

  async show(
    ctx: RequestContext,
    cluster: string,
    ident: string,
    page: ResourcePage,
  ): Promise<{ stack: WholeStack; resources: ResourceOverview[] }> {
    const { scope, uuid } = await this.find(ctx, cluster);
    const stack = await this.stacks.get(scope, uuid, ident);
    return { stack, resources: await this.stacks.resources(scope, stack.uuid, page) };
  }

  async template(ctx: RequestContext, cluster: string, ident: string): Promise<Record<string, unknown>> {
    const { scope, uuid } = await this.find(ctx, cluster);
    return (await this.stacks.get(scope, uuid, ident)).template;
  }

  private async find(ctx: RequestContext, ident: string): Promise<{ scope: Scope; uuid: string }> {
    const scope = scopeOf(this.policy, ctx, 'cluster:get_one_all_projects');
    const cluster = await this.clusters.get(scope, ident);
    this.policy.enforce(ctx, 'cluster:get', cluster);
    return { scope, uuid: cluster.uuid };
  }
}
