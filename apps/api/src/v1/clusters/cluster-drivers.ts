import { allProjects, driverFor, type DriverFeatures } from '#libs/domain';
import { ClusterTemplatesRepository, type ClusterEntity, type ClusterTemplateEntity } from '#libs/db';
import { networkPlan } from '#libs/bootstrap';
import { Inject, Injectable } from '@nestjs/common';
import { DRIVER_FEATURES } from '../../tokens.js';

/** What is behind a cluster: the template it was made from, seen or not, and what its driver can do. */
@Injectable()
export class ClusterDrivers {
  constructor(
    private readonly templates: ClusterTemplatesRepository,
    @Inject(DRIVER_FEATURES) private readonly features: Readonly<Record<string, DriverFeatures>>,
  ) {}

  /** A cluster keeps its template from being removed; whoever may see the cluster may use it for the cluster. */
  async templateOf(cluster: ClusterEntity): Promise<ClusterTemplateEntity> {
    return this.templates.get(allProjects('the template of a cluster that was found'), cluster.clusterTemplateUuid);
  }

  featuresOf(template: ClusterTemplateEntity): DriverFeatures {
    return this.features[driverName(template)] ?? { upgrade: false, rotateCa: false, resizeMasters: false, repair: false };
  }
}

/** The driver for clusters of this template. @throws InvalidInput nobody builds such */
export function driverName(template: ClusterTemplateEntity): string {
  return driverFor({ serverType: template.serverType, distro: template.clusterDistro ?? '', coe: template.coe });
}

/**
 * A network that is made for the cluster has room for so many nodes and no more.
 * @throws InvalidInput
 */
export function assertRoomForNodes(
  cluster: ClusterEntity,
  template: ClusterTemplateEntity,
  groups: readonly { readonly nodeCount: number }[],
): void {
  if (cluster.fixedNetwork !== null || cluster.fixedSubnet !== null) return;
  const nodeCount = groups.reduce((sum, group) => sum + group.nodeCount, 0);
  networkPlan({ labels: cluster.labels, networkDriver: template.networkDriver, existingCidr: null, nodeCount });
}
