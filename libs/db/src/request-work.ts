import { AsyncLocalStorage } from 'node:async_hooks';
import type { Tx } from './tx.js';

/** Kinds of resources that have an ETag. */
export type ResourceKind = 'cluster' | 'cluster-template' | 'node-group' | 'operation' | 'quota';

/**
 * What one request of the API wants of its transactions, beside what its use case does: preconditions and the mark of its
 * `Idempotency-Key`. It travels with the asynchronous work, so that no use case can forget it.
 */
export interface RequestWork {
  /** What the request has looked up by name, or made: the last one of each kind. uuid; of a quota see `quotaIdent`. */
  readonly found: Map<ResourceKind, string>;
  /** Of its `Idempotency-Key`: for statements that are a transaction of their own, and mark it themselves. */
  readonly claim: string | undefined;
  /** First in each of its transactions; may be run again with them. */
  begin(tx: Tx): Promise<void>;
  /** Last in each of its transactions. */
  end(tx: Tx): Promise<void>;
}

export const requestWork = new AsyncLocalStorage<RequestWork>();

/** Repositories say what they have found or made for the request that is under way. */
export function noteFound(kind: ResourceKind, ident: string): void {
  requestWork.getStore()?.found.set(kind, ident);
}
