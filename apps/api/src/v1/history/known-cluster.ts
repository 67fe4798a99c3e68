import { isNotFound, type RequestContext, type Scope } from '#libs/domain';
import { ClusterHistoryRepository, ClustersRepository, isUuidText, type ClusterEntity } from '#libs/db';
import { Injectable } from '@nestjs/common';
import { Policy } from '../../policy/policy.js';
import { scopeOf } from '../../policy/scope.js';

/** A cluster whose history may be told. */
export interface KnownCluster {
  readonly scope: Scope;
  readonly uuid: string;
  /** Null: it is gone. */
  readonly cluster: ClusterEntity | null;
}

/** The cluster whose operations, events or nodes are asked for, by whoever may show the cluster. */
@Injectable()
export class FindKnownCluster {
  constructor(
    private readonly policy: Policy,
    private readonly clusters: ClustersRepository,
    private readonly history: ClusterHistoryRepository,
  ) {}

  /**
   * @param gone whether a cluster that is no more will do, when it is named by its uuid
   * @throws NotFound; Conflict several have the name; Forbidden
   */
  async run(ctx: RequestContext, ident: string, gone: 'too' | 'not'): Promise<KnownCluster> {
    const scope = scopeOf(this.policy, ctx, 'cluster:get_one_all_projects');
    try {
      const cluster = await this.clusters.get(scope, ident);
      this.policy.enforce(ctx, 'cluster:get', cluster);
      return { scope, uuid: cluster.uuid, cluster };
    } catch (error) {
      if (!isNotFound(error) || gone === 'not' || !isUuidText(ident) || !(await this.history.isKnown(scope, ident))) throw error;
      this.policy.enforce(ctx, 'cluster:get');
      return { scope, uuid: ident, cluster: null };
    }
  }
}
