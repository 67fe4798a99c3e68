import { assertChangeAllowed, type RequestContext } from '#libs/domain';
import { ClustersRepository } from '#libs/db';
import { Injectable } from '@nestjs/common';
import { Policy } from '../../policy/policy.js';
import { ownScope } from '../../policy/scope.js';
import { ChangeCluster } from '../clusters/change-cluster.js';

/**
 * From now on the cluster acts for the caller, by a new trust: so it is for members of its own project alone. Reference
 * section 5.5.
 */
@Injectable()
export class RotateCredential {
  constructor(
    private readonly policy: Policy,
    private readonly clusters: ClustersRepository,
    private readonly changes: ChangeCluster,
  ) {}

  /** @returns the cluster's uuid; its status stays */
  async run(ctx: RequestContext, ident: string): Promise<string> {
    const seen = await this.clusters.get(ownScope(ctx), ident);
    this.policy.enforce(ctx, 'credential:rotate', seen);
    await this.changes.run(ctx, seen, (_tx, cluster) => {
      assertChangeAllowed('rotate-credential', cluster.status);
      return Promise.resolve({
        kind: 'rotate-credential',
        message: `rotating the credential of cluster ${cluster.name} was asked for`,
        asCaller: true,
      });
    });
    return seen.uuid;
  }
}
