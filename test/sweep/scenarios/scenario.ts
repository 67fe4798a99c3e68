import type { ClusterStatus, OperationKind } from '#libs/domain';
import type { Lane } from '../lane.js';
import type { Background } from '../process/tracer.js';

/** What stands before and after an operation: `none`, or a name for a cluster of some shape. */
export type State = string;

/**
 * One way to ask for an operation: an edge from what stands to what shall stand. The sweep finds out by itself which calls
 * the operation makes, and what the cloud holds when it has gone well.
 */
export interface Scenario {
  readonly kind: OperationKind;
  /** Unique. */
  readonly name: string;
  readonly from: State;
  readonly to: State;
  readonly ends: {
    /** Null: the cluster is gone. */
    readonly complete: ClusterStatus | 'as before' | null;
    readonly failed: ClusterStatus | 'as before';
  };
  /** Asks for it, once. */
  ask(lane: Lane): Promise<void>;
  /** What makes the operation before it fail: this one is what follows a failure. */
  readonly background?: Background;
  /** The way back of this scenario, by the same calls: they share the faults between them. */
  readonly twin?: string;
  /** Left to `--nightly`. */
  readonly nightly?: true;
}

export const NONE: State = 'none';
