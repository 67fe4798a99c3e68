import { findAuthorities, SecretStore, storeAuthorities } from '#libs/db';
import { createClusterAuthorities } from '#libs/pki';
import { Injectable } from '@nestjs/common';
import type { OperationContext, Step } from '../operation.js';

/** The cluster's four key pairs, made once and sealed. */
@Injectable()
export class CertificatesStep implements Step {
  readonly name = 'certificates';

  constructor(private readonly secrets: SecretStore) {}

  async run(ctx: OperationContext): Promise<void> {
    const { uuid, name } = ctx.cluster;
    if (await findAuthorities(this.secrets, uuid)) return;
    const authorities = await createClusterAuthorities(name);
    await ctx.write((tx) => storeAuthorities(this.secrets, tx, uuid, authorities));
  }
}
