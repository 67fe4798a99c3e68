import type { Microversion } from '#libs/domain';
import { ResourceStateRepository, type ResourceKind, type Tx } from '#libs/db';
import { Injectable } from '@nestjs/common';
import { toTemplateView } from '../v1/cluster-templates/cluster-template.view.js';
import { toShownClusterView } from '../v1/clusters/cluster.view.js';
import { toGroupView } from '../v1/node-groups/node-group.view.js';
import { toOperationView } from '../v1/operations/operation.view.js';
import { toQuotaView } from '../v1/quotas/quota.view.js';

/** A resource as `GET` shows it, from inside a transaction. */
@Injectable()
export class Representations {
  constructor(private readonly state: ResourceStateRepository) {}

  /** @returns null when it is not there */
  async render(tx: Tx, kind: ResourceKind, ident: string, base: string, version: Microversion): Promise<object | null> {
    if (kind === 'cluster') {
      const found = await this.state.cluster(tx, ident);
      return found && toShownClusterView(base, version, found.row, found.groups, found.templateLabels);
    }
    if (kind === 'node-group') {
      const found = await this.state.nodeGroup(tx, ident);
      return found && toGroupView(base, found.row, found.clusterLabels);
    }
    if (kind === 'operation') {
      const found = await this.state.operation(tx, ident);
      return found && toOperationView(found);
    }
    if (kind === 'quota') {
      const found = await this.state.quota(tx, ident);
      return found && toQuotaView(found);
    }
    const found = await this.state.clusterTemplate(tx, ident);
    return found && toTemplateView(base, found);
  }
}
