import { isNotFound, type RequestContext, type Scope } from '#libs/domain';
import {
  ClusterHistoryRepository,
  ClustersRepository,
  isUuidText,
  type EventEntity,
  type NodeEntity,
  type NodePhaseEntity,
  type OperationEntity,
  type OperationStepEntity,
} from '#libs/db';
import { Injectable } from '@nestjs/common';
import { Policy } from '../../policy/policy.js';
import { scopeOf } from '../../policy/scope.js';

/** Events, operations and nodes of a cluster, for whoever may show the cluster. Events and operations outlive it. */
@Injectable()
export class ClusterHistory {
  constructor(
    private readonly policy: Policy,
    private readonly clusters: ClustersRepository,
    private readonly history: ClusterHistoryRepository,
  ) {}

  async events(ctx: RequestContext, ident: string, after: number, limit: number): Promise<EventEntity[]> {
    const { scope, uuid } = await this.find(ctx, ident, true);
    return this.history.events(scope, uuid, after, limit);
  }

  async operations(
    ctx: RequestContext,
    ident: string,
    before: number | null,
    limit: number,
  ): Promise<{ uuid: string; rows: OperationEntity[] }> {
    const { scope, uuid } = await this.find(ctx, ident, true);
    return { uuid, rows: await this.history.operations(scope, uuid, before, limit) };
  }

  async operation(
    ctx: RequestContext,
    ident: string,
    operation: string,
  ): Promise<{ row: OperationEntity; steps: OperationStepEntity[] }> {
    const { scope, uuid } = await this.find(ctx, ident, true);
    const [row, steps] = await Promise.all([
      this.history.operation(scope, uuid, operation),
      this.history.steps(scope, operation),
    ]);
    return { row, steps };
  }

  async nodes(ctx: RequestContext, ident: string, limit: number): Promise<{ node: NodeEntity; phases: NodePhaseEntity[] }[]> {
    const { scope, uuid } = await this.find(ctx, ident, false);
    const nodes = await this.history.nodes(scope, uuid, limit);
    const phases = await this.history.phases(
      scope,
      nodes.map((node) => node.uuid),
    );
    return nodes.map((node) => ({ node, phases: phases.get(node.uuid) ?? [] }));
  }

  /** @param gone whether a cluster that is no more will do, when it is named by its uuid */
  private async find(ctx: RequestContext, ident: string, gone: boolean): Promise<{ scope: Scope; uuid: string }> {
    const scope = scopeOf(this.policy, ctx, 'cluster:get_one_all_projects');
    try {
      const cluster = await this.clusters.get(scope, ident);
      this.policy.enforce(ctx, 'cluster:get', cluster);
      return { scope, uuid: cluster.uuid };
    } catch (error) {
      if (!isNotFound(error) || !gone || !isUuidText(ident) || !(await this.history.isKnown(scope, ident))) throw error;
      this.policy.enforce(ctx, 'cluster:get');
      return { scope, uuid: ident };
    }
  }
}
