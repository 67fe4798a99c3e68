import {
  findAuthorities,
  SecretStore,
  storeAuthorities,
  type ClusterEntity,
  type OperationEntity,
  type StoredAuthorities,
} from '#libs/db';
import { createClusterAuthorities } from '#libs/pki';
import { Injectable } from '@nestjs/common';
import type { OperationContext, Step } from '../operation.js';

/**
 * The cluster's four key pairs, made once and sealed. Keys take a while and need nothing else, so they are begun with the
 * operation (`ahead`) and are there when their step comes.
 */
@Injectable()
export class CertificatesStep implements Step {
  readonly name = 'certificates';

  private readonly begun = new WeakMap<OperationEntity, Promise<StoredAuthorities | null>>();

  constructor(private readonly secrets: SecretStore) {}

  /** Begins to make what the step will store. What goes wrong is thrown by the step. */
  ahead({ operation, cluster }: OperationContext): void {
    if (this.begun.has(operation)) return;
    const making = this.make(cluster);
    making.catch(() => this.begun.delete(operation));
    this.begun.set(operation, making);
  }

  async run(ctx: OperationContext): Promise<void> {
    const authorities = await (this.begun.get(ctx.operation) ?? this.make(ctx.cluster));
    if (authorities) await ctx.write((tx) => storeAuthorities(this.secrets, tx, ctx.cluster.uuid, authorities));
  }

  /** Null: they are stored already. */
  private async make({ uuid, name }: ClusterEntity): Promise<StoredAuthorities | null> {
    return (await findAuthorities(this.secrets, uuid)) ? null : this.create(name);
  }

  protected create(clusterName: string): Promise<StoredAuthorities> {
    return createClusterAuthorities(clusterName);
  }
}
