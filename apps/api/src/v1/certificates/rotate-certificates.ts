import { assertChangeAllowed, InvalidInput, type NodeRole, type RequestContext } from '#libs/domain';
import { ClustersRepository } from '#libs/db';
import { Injectable } from '@nestjs/common';
import { Policy } from '../../policy/policy.js';
import { ownScope } from '../../policy/scope.js';
import { ChangeCluster } from '../clusters/change-cluster.js';
import { ClusterDrivers } from '../clusters/cluster-drivers.js';

/** How often new nodes come: masters one by one, three times; workers twice, a tenth of them at once. ADR 23. */
const ROUNDS: Readonly<Record<NodeRole, (count: number) => number>> = {
  master: (count) => 3 * count,
  worker: (count) => 2 * Math.ceil(count / Math.max(1, Math.floor(count / 10))),
};

/** Lookup -> policy -> TLS -> status -> driver -> rows and operation. Reference section 5.4. */
@Injectable()
export class RotateCertificates {
  constructor(
    private readonly policy: Policy,
    private readonly clusters: ClustersRepository,
    private readonly drivers: ClusterDrivers,
    private readonly changes: ChangeCluster,
  ) {}

  /** @returns the cluster's uuid */
  async run(ctx: RequestContext, ident: string): Promise<string> {
    const seen = await this.clusters.get(ownScope(ctx), ident);
    this.policy.enforce(ctx, 'certificate:rotate_ca', seen);
    const template = await this.drivers.templateOf(seen);
    if (template.tlsDisabled) {
      throw new InvalidInput('no-tls', 'Rotating the CA certificate on a non-TLS cluster is not supported', {
        clusterUuid: seen.uuid,
      });
    }
    await this.changes.run(ctx, seen, (_tx, cluster, groups) => {
      assertChangeAllowed('rotate-ca', cluster.status);
      if (!this.drivers.featuresOf(template).rotateCa) {
        throw new InvalidInput('rotate-ca-unsupported', "'rotate_ca_certificate' is not supported by this driver.", {
          clusterUuid: cluster.uuid,
        });
      }
      return Promise.resolve({
        kind: 'rotate-ca',
        rounds:
          groups.reduce((sum, { role, nodeCount }) => sum + ROUNDS[role === 'master' ? 'master' : 'worker'](nodeCount), 0) || 1,
        message: `rotating the certificates of cluster ${cluster.name} was asked for`,
      });
    });
    return seen.uuid;
  }
}
