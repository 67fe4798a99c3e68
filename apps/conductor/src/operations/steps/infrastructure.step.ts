import { randomUUID } from 'node:crypto';
import { ClusterWorkRepository } from '#libs/db';
import { parseInfraOutputs } from '#libs/drivers';
import { Stacks } from '#libs/stack';
import { Injectable } from '@nestjs/common';
import { ClusterIdentity, ownerSession } from '../../cloud/cluster-identity.js';
import { awaitedOf } from '../awaited.js';
import { apiAddress, clusterSpec, driverOf, resolvedOf } from '../cluster-plan.js';
import type { OperationContext, Step } from '../operation.js';
import { SERVICE } from '../service-scope.js';
import { stackRef, stackRun } from '../stacks.js';

/** Network, security groups and the address of the cluster's API. */
@Injectable()
export class InfrastructureStep implements Step {
  readonly name = 'infrastructure';

  constructor(
    private readonly engine: Stacks,
    private readonly identity: ClusterIdentity,
    private readonly clusters: ClusterWorkRepository,
  ) {}

  async run(ctx: OperationContext): Promise<void> {
    const { cluster } = ctx;
    const resolved = resolvedOf(ctx.operation);
    if (!resolved) throw new Error('the step resolve has not run');
    const [cloud, groups, template] = await Promise.all([
      ownerSession(this.identity, ctx),
      this.clusters.groups(SERVICE, cluster.uuid),
      this.clusters.template(cluster),
    ]);
    const spec = clusterSpec(cluster, groups, template, resolved);
    const plan = driverOf(resolved).infrastructure(spec);
    const stackUuid = cluster.stackId ?? randomUUID();
    // The cluster's row knows the stack before the stack is there: a delete finds it whenever it comes.
    if (!cluster.stackId) await ctx.write((tx) => this.clusters.set(tx, cluster.uuid, { stackId: stackUuid }));
    ctx.awaiting(() => awaitedOf([this.engine.state(stackUuid)]));
    const outputs = await this.engine.apply(stackRef(cluster, stackUuid, plan, null), stackRun(ctx, cloud));
    const address = apiAddress(parseInfraOutputs(outputs), null, spec.apiPort);
    if (address && cluster.apiAddress !== address)
      await ctx.write((tx) => this.clusters.set(tx, cluster.uuid, { apiAddress: address }));
  }
}
