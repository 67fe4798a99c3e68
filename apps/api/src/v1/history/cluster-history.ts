import type { RequestContext } from '#libs/domain';
import { ClusterHistoryRepository, type EventEntity, type NodeEntity, type NodePhaseEntity } from '#libs/db';
import { Injectable } from '@nestjs/common';
import { FindKnownCluster } from './known-cluster.js';

/** Events and nodes of a cluster, for whoever may show the cluster. Events outlive it. */
@Injectable()
export class ClusterHistory {
  constructor(
    private readonly known: FindKnownCluster,
    private readonly history: ClusterHistoryRepository,
  ) {}

  async events(ctx: RequestContext, ident: string, after: number, limit: number): Promise<EventEntity[]> {
    const { scope, uuid } = await this.known.run(ctx, ident, 'too');
    return this.history.events(scope, uuid, after, limit);
  }

  async nodes(ctx: RequestContext, ident: string, limit: number): Promise<{ node: NodeEntity; phases: NodePhaseEntity[] }[]> {
    const { scope, uuid } = await this.known.run(ctx, ident, 'not');
    const nodes = await this.history.nodes(scope, uuid, limit);
    const phases = await this.history.phases(
      scope,
      nodes.map((node) => node.uuid),
    );
    return nodes.map((node) => ({ node, phases: phases.get(node.uuid) ?? [] }));
  }
}
