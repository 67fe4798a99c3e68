import type { StackRef, StackRun, StackState } from '../engine/run.js';

/**
 * Makes, changes and removes stacks. Rows and events look the same whatever does it: `stacks`, `stack_resources`, events
 * `stack` and `stack.resource`, all written under the lease. It may end at any instruction; whoever calls next goes on.
 */
export interface StackBackend {
  /**
   * Makes the stack, or brings it from wherever it is to what is wanted now.
   * @returns the outputs
   * @throws InvalidInput `invalid-template`; StackFailed with the root causes; Superseded; the reason of `run.signal`; Conflict
   *   the stack is being deleted
   */
  apply(ref: StackRef, run: StackRun): Promise<Record<string, unknown>>;
  /** Removes all that the stack has, however far it was made. A stack that is not there is removed already. @throws as `apply` */
  delete(ref: Pick<StackRef, 'uuid'>, run: StackRun): Promise<void>;
  /**
   * Looks whether what was made is still as it was; the next `apply` mends what is not. Changes nothing in the cloud. A
   * backend that keeps this to itself has none.
   * @param which types to look at
   * @returns what was found, one sentence each
   */
  check?(ref: Pick<StackRef, 'uuid'>, run: StackRun, which?: (type: string) => boolean): Promise<string[]>;
  /** What is done to the stack now; undefined: nothing by this process. */
  state(stackUuid: string): StackState | undefined;
}
