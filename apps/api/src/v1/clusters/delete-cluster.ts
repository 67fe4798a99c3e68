import type { RequestContext } from '#libs/domain';
import type { Settings } from '#libs/config';
import { ClustersRepository, OperationsRepository, UnitOfWork } from '#libs/db';
import { Inject, Injectable } from '@nestjs/common';
import { Policy } from '../../policy/policy.js';
import { scopeOf } from '../../policy/scope.js';
import { SETTINGS } from '../../tokens.js';
import { Operations } from './operations.js';

/** Possible in every status and as often as one likes; while a deletion is under way nothing new is begun. */
@Injectable()
export class DeleteCluster {
  constructor(
    private readonly policy: Policy,
    private readonly clusters: ClustersRepository,
    private readonly openOperations: OperationsRepository,
    private readonly operations: Operations,
    private readonly uow: UnitOfWork,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  async run(ctx: RequestContext, ident: string): Promise<void> {
    const scope = scopeOf(this.policy, ctx, 'cluster:delete_all_projects');
    const cluster = await this.clusters.get(scope, ident);
    this.policy.enforce(ctx, 'cluster:delete', cluster);
    const operation = this.operations.prepare(ctx, cluster, 'delete', {
      // Not the cluster's own bound: what was to be made in five minutes may take longer to go.
      deadlineMinutes: this.settings.DEFAULT_CREATE_TIMEOUT_MINUTES,
    });
    const asked = await this.uow.run(async (tx) => {
      // Others who ask at the same time wait here, and then see this deletion.
      if (!(await this.clusters.lock(tx, cluster.uuid))) return false;
      if (await this.openOperations.hasOpen(tx, cluster.uuid, 'delete')) return false;
      await this.openOperations.requestAbort(tx, cluster.uuid);
      await this.clusters.setStatus(tx, cluster.uuid, 'DELETE_IN_PROGRESS');
      await this.operations.insert(tx, operation, `deleting cluster ${cluster.name} was asked for`);
      return true;
    });
    if (asked) this.operations.wake(operation);
  }
}
