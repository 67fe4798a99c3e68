import { isDeepStrictEqual } from 'node:util';
import { Conflict, deletionRequest, type DeletionRequest, type RequestContext } from '#libs/domain';
import type { Settings } from '#libs/config';
import { ClustersRepository, OperationsRepository, UnitOfWork, type ClusterEntity } from '#libs/db';
import { Inject, Injectable } from '@nestjs/common';
import { Policy } from '../../policy/policy.js';
import { scopeOf } from '../../policy/scope.js';
import { SETTINGS } from '../../tokens.js';
import { DeletionLook } from '../deletion/deletion-look.js';
import type { DeleteClusterQuery } from './cluster.dto.js';
import { Operations } from './operations.js';

/**
 * Possible in every status and as often as one likes. While a deletion is under way another one is begun only when it is
 * asked for in other words: it takes over, and what was not said again stays as it was.
 */
@Injectable()
export class DeleteCluster {
  constructor(
    private readonly policy: Policy,
    private readonly clusters: ClustersRepository,
    private readonly openOperations: OperationsRepository,
    private readonly operations: Operations,
    private readonly look: DeletionLook,
    private readonly uow: UnitOfWork,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  async run(ctx: RequestContext, ident: string, given: DeleteClusterQuery): Promise<void> {
    const scope = scopeOf(this.policy, ctx, 'cluster:delete_all_projects');
    const cluster = await this.clusters.get(scope, ident);
    this.policy.enforce(ctx, 'cluster:delete', cluster);
    if (given.keep_load_balancers) await this.assertNetworkStays(ctx, cluster);
    const operation = await this.uow.run(async (tx) => {
      // Others who ask at the same time wait here, and then see this deletion.
      if (!(await this.clusters.lock(tx, cluster.uuid))) return null;
      const running = await this.openOperations.openRequest(tx, cluster.uuid, 'delete');
      const request = wanted(deletionRequest(running ?? {}), given);
      if (running && isDeepStrictEqual(request, deletionRequest(running))) return null;
      await this.openOperations.requestAbort(tx, cluster.uuid);
      await this.clusters.setStatus(tx, cluster.uuid, 'DELETE_IN_PROGRESS');
      const prepared = this.operations.prepare(ctx, cluster, 'delete', {
        request: { ...request },
        // Not the cluster's own bound: what was to be made in five minutes may take longer to go.
        deadlineMinutes: this.settings.DEFAULT_CREATE_TIMEOUT_MINUTES,
      });
      await this.operations.insert(tx, prepared, `deleting cluster ${cluster.name} was asked for`);
      return prepared;
    });
    if (operation) this.operations.wake(operation);
  }

  /** @throws Conflict a load balancer that is to be kept stands on the network that goes */
  private async assertNetworkStays(ctx: RequestContext, cluster: ClusterEntity): Promise<void> {
    const { plan } = await this.look.at(ctx, cluster, { keepVolumes: null, keepLoadBalancers: true }, true);
    if (plan.inTheWay.length === 0) return;
    const names = plan.inTheWay.map(({ name, id }) => `${name} (${id})`).join(', ');
    throw new Conflict(
      'network-in-use',
      `Cluster ${cluster.name} has a network of its own, which goes with it, and load balancers stand on that network: ${names}. ` +
        'They can be kept only by clusters on an existing network (fixed_network).',
      { clusterUuid: cluster.uuid },
    );
  }
}

function wanted(before: DeletionRequest, given: DeleteClusterQuery): DeletionRequest {
  return {
    keepVolumes: given.keep_volumes ?? before.keepVolumes,
    keepLoadBalancers: given.keep_load_balancers ?? before.keepLoadBalancers,
    force: given.force ?? before.force,
  };
}
