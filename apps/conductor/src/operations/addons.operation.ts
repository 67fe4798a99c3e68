import { Injectable } from '@nestjs/common';
import { ClusterAddons } from '../addons/cluster-addons.js';
import type { OperationContext, OperationHandler, Step } from './operation.js';

/**
 * Add-ons of a cluster come, go, or get another version. The rows say what is wanted, so what was asked for later counts at
 * once. The cluster's status stays: an add-on that fails says so itself, and so does the operation.
 */
@Injectable()
export class AddonsOperation implements OperationHandler {
  readonly kind = 'addons';
  readonly steps: readonly Step[] = [{ name: 'addons', run: (ctx) => this.addons.bring(ctx, { needed: namesOf(ctx) }) }];

  constructor(private readonly addons: ClusterAddons) {}

  async complete(): Promise<void> {}

  /** The operation and the rows say why. */
  async fail(): Promise<void> {}
}

/** Of the request: `{changes: [{name, ...}]}`. */
function namesOf({ operation }: OperationContext): string[] {
  const { changes } = operation.request as { changes?: readonly { name?: unknown }[] };
  return (changes ?? []).map(({ name }) => String(name));
}
