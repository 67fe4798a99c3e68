import type { Lease } from '#libs/db';
import type { StackBackendName } from '#libs/domain';
import type { CloudSession } from '#libs/openstack';

export type ParameterValue = string | number | boolean | readonly string[] | Readonly<Record<string, unknown>>;

/** What a stack shall be. It is known by cluster and name: when it is there already it keeps its own uuid. */
export interface StackRef {
  /** Ours; kept when the row is first made. */
  readonly uuid: string;
  readonly name: string;
  readonly clusterUuid: string;
  /** The beginning of the physical names. */
  readonly clusterName: string;
  readonly projectId: string;
  readonly nodeGroupUuid: string | null;
  /** HOT, as a parsed document. Stored. */
  readonly template: object;
  /** Without the hidden ones. Stored. */
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  /** Who builds it, when its row is first made and the cluster has no stack yet; default: as configured. */
  readonly backend?: StackBackendName | undefined;
}

/** How to act, for how long, and with what right. */
export interface StackRun {
  readonly cloud: CloudSession;
  readonly lease: Lease;
  /** Begin nothing more; what is asked of the cloud already is seen to its answer, and the answer kept. */
  readonly signal: AbortSignal;
  readonly deadline: Date;
  /** Values of the hidden parameters: never stored, never logged. May be empty for a delete. */
  readonly hidden: Readonly<Record<string, string>>;
  /** Whose events these are. */
  readonly operationUuid?: string | null | undefined;
}

/** As pino has it. */
export interface EngineLog {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
}

/** What a walk is doing now. */
export interface StackState {
  readonly completed: number;
  readonly total: number;
  readonly waitingFor: readonly {
    readonly logicalName: string;
    readonly type: string;
    readonly physicalName: string;
    /** `creating`, `waiting until ready`, `removing`, ... and why again, if so. */
    readonly doing: string;
    readonly since: Date;
    /** The error after which it is done again. */
    readonly why?: unknown;
  }[];
}
