import type { ClusterEntity, Lease, OperationEntity, StoredFailure, Tx } from '#libs/db';
import type { OperationKind } from '#libs/domain';
import type { Logger } from 'pino';
import type { Awaited } from './awaited.js';

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
  awaiting(what: Awaited | (() => Awaited | Promise<Awaited>)): void;
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
  /** In the transaction that ends it as failed or aborted: cluster and node groups get their status and reason. */
  fail(ctx: OperationContext, tx: Tx, failure: StoredFailure): Promise<void>;
  /**
   * Before `fail`, outside of any transaction, with a signal of its own that leaves it a few seconds: puts back in the cloud
   * or in Kubernetes what can be put back. What it throws is logged only.
   */
  unwind?(ctx: OperationContext): Promise<void>;
  /** In the transaction that ends it because another operation takes over; that one has set the statuses. */
  superseded?(ctx: OperationContext, tx: Tx): Promise<void>;
}
