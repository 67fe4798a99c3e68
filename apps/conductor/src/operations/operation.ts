import type { ClusterEntity, Lease, OperationEntity, StoredFailure, Tx } from '#libs/db';
import type { OperationKind } from '#libs/domain';
import type { Logger } from 'pino';

/** What a step may use. Every write goes through `write`, which refuses when the lease has passed on. */
export interface OperationContext {
  readonly operation: OperationEntity;
  /** As it was when the running step began. */
  readonly cluster: ClusterEntity;
  readonly lease: Lease;
  /** Fires with a StopReason. A step ends soon after; what it asked of the cloud is seen to its answer. */
  readonly signal: AbortSignal;
  readonly deadline: Date;
  /** How often this step has been begun, by whomever: at 1 nothing of it can be there yet. */
  readonly attempt: number;
  readonly log: Logger;
  write<T>(unit: (tx: Tx) => Promise<T>): Promise<T>;
  /** Says what the step waits for now: told to the user when the time is up. A function is asked only then. */
  awaiting(what: string | (() => string | Promise<string>)): void;
}

/**
 * Right before what another holder of the lease must not find done to it: whoever slept through the end of his lease stops here.
 * @throws Superseded
 */
export async function assertHolder(ctx: OperationContext): Promise<void> {
  await ctx.write(() => Promise.resolve());
}

/** One part of an operation. It asks "done already?" itself, so that it may be begun again at any time. */
export interface Step {
  readonly name: string;
  run(ctx: OperationContext): Promise<void>;
}

/** How a kind of operation is done. */
export interface OperationHandler {
  readonly kind: OperationKind;
  /** In this order. */
  readonly steps: readonly Step[];
  /** In the transaction that ends the operation well. */
  complete(ctx: OperationContext, tx: Tx): Promise<void>;
  /** In the transaction that ends it as failed: cluster and node groups get their status and reason. */
  fail(ctx: OperationContext, tx: Tx, failure: StoredFailure): Promise<void>;
}
