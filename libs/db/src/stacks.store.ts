import type { Scope, StackAction, StackBackendName, StackStatus } from '#libs/domain';
import type { EventLevel, StackEntity, StackResourceEntity } from './entities/index.js';
import type { Lease } from './unit-of-work.js';

export type StackRecord = Readonly<Omit<StackEntity, 'createdAt' | 'updatedAt' | 'revision'>>;
export type StackResourceRecord = Readonly<Omit<StackResourceEntity, 'stackUuid' | 'createdAt' | 'updatedAt'>>;

export interface LoadedStack {
  readonly stack: StackRecord;
  readonly resources: readonly StackResourceRecord[];
}

/** A resource that is to be: its row begins as INIT COMPLETE, without a definition. */
export type NewResource = Pick<StackResourceRecord, 'uuid' | 'name' | 'type' | 'physicalName'> & {
  readonly requires: readonly string[];
};

/** A stack that is to be: its row begins as CREATE IN_PROGRESS. */
export interface NewStack extends Omit<StackRecord, 'backend' | 'remote' | 'action' | 'status' | 'statusReason' | 'outputs'> {
  /** Default: native. */
  readonly backend?: StackBackendName | undefined;
  readonly resources: readonly NewResource[];
}

/** What a resource's row becomes. */
export interface ResourceChange {
  readonly uuid: string;
  /** As last read or written by this walker: another value in the row means that somebody else wrote. */
  readonly revision: number;
  readonly action: StackAction;
  readonly status: StackStatus;
  readonly statusReason: string | null;
  readonly physicalId: string | null;
  readonly attempts: number;
  /** These stay as they are when they are absent. */
  readonly name?: string | undefined;
  readonly attributes?: Readonly<Record<string, unknown>> | undefined;
  readonly definition?: Readonly<Record<string, unknown>> | undefined;
  readonly requires?: readonly string[] | undefined;
}

export interface StackChange {
  readonly action: StackAction;
  readonly status: StackStatus;
  readonly statusReason: string | null;
  /** These stay as they are when they are absent. */
  readonly outputs?: Readonly<Record<string, unknown>> | undefined;
  readonly template?: Readonly<Record<string, unknown>> | undefined;
  readonly parameters?: Readonly<Record<string, unknown>> | undefined;
  readonly remote?: Readonly<Record<string, unknown>> | undefined;
}

export interface StackEvent {
  readonly operationUuid: string | null;
  readonly type: string;
  readonly level: EventLevel;
  readonly message: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** What is committed at once, in this order. */
export interface StackCheckpoint {
  readonly resources: readonly ResourceChange[];
  /** Rows that go, by uuid. Those that are gone already count. */
  readonly removed?: readonly string[] | undefined;
  readonly added?: readonly NewResource[] | undefined;
  readonly stack?: StackChange | undefined;
  readonly events: readonly StackEvent[];
}

/** What the stack engine keeps, and where. Every write is fenced by the lease. */
export interface StackStore {
  /**
   * The cluster's stack of that name; made with all its resource rows in one transaction when there is none. What is
   * there already wins over what is given, its uuid too.
   * @throws Superseded the lease has passed to someone else
   */
  open(lease: Lease, stack: NewStack): Promise<LoadedStack>;
  load(scope: Scope, stackUuid: string): Promise<LoadedStack | null>;
  /**
   * One transaction, all or nothing.
   * @throws Superseded the lease has passed to someone else, or a row was written by someone else
   */
  write(lease: Lease, stackUuid: string, checkpoint: StackCheckpoint): Promise<void>;
}
