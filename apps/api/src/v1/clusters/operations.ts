import { randomUUID } from 'node:crypto';
import type { OperationKind, RequestContext } from '#libs/domain';
import {
  EventsRepository,
  OPERATION_TOKEN,
  operationOwner,
  OperationsRepository,
  SecretStore,
  Signals,
  type NewEvent,
  type NewOperation,
  type SealedSecret,
  type Tx,
} from '#libs/db';
import { OperationQueue } from '#libs/jobs';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { Logger } from 'pino';
import { LOGGER } from '../../tokens.js';

/** How what was asked for becomes an operation: row, event, nudge, and a create's sealed token, in one transaction; then the job. */
@Injectable()
export class Operations implements OnModuleDestroy {
  private readonly waking = new Set<Promise<unknown>>();

  constructor(
    private readonly operations: OperationsRepository,
    private readonly events: EventsRepository,
    private readonly secrets: SecretStore,
    private readonly signals: Signals,
    private readonly queue: OperationQueue,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  prepare(
    ctx: RequestContext,
    cluster: { readonly uuid: string; readonly projectId: string },
    kind: OperationKind,
    options: {
      readonly request?: Record<string, unknown>;
      readonly deadlineMinutes?: number | undefined;
      /** The minutes count from here when it is later than now. */
      readonly notBefore?: Date | null;
    } = {},
  ): NewOperation {
    const { request = {}, deadlineMinutes, notBefore = null } = options;
    return {
      uuid: randomUUID(),
      clusterUuid: cluster.uuid,
      projectId: cluster.projectId,
      userId: ctx.userId,
      requestId: ctx.requestId,
      kind,
      request,
      deadlineMinutes: deadlineMinutes ?? null,
      notBefore,
    };
  }

  /** The caller's token and the event, for a statement that stores all at once. */
  companions(ctx: RequestContext, operation: NewOperation, message: string): { secret: SealedSecret; event: NewEvent } {
    return {
      secret: this.secrets.seal(operationOwner(operation.uuid), OPERATION_TOKEN, ctx.token),
      event: acceptedEvent(operation, message),
    };
  }

  /**
   * @param message of the event, without secrets
   * @param token of the caller, kept sealed; null for an operation that acts by what the cluster has already
   */
  async insert(tx: Tx, operation: NewOperation, message: string, token: string | null = null): Promise<void> {
    await this.operations.insert(tx, operation);
    await this.announce(tx, operation, message, token);
  }

  /** What goes with an operation's row: the caller's token, the event, the nudge. */
  async announce(tx: Tx, operation: AnnouncedOperation, message: string, token: string | null): Promise<void> {
    if (token !== null) await this.secrets.put(tx, operationOwner(operation.uuid), OPERATION_TOKEN, token);
    await this.events.add(tx, acceptedEvent(operation, message));
    await this.signals.notify(tx, 'operations', operation.clusterUuid);
  }

  /** After the commit. The answer does not wait for it, and a queue that is away costs seconds only: the sweep sends again. */
  wake(operation: Pick<NewOperation, 'uuid' | 'clusterUuid' | 'requestId' | 'kind'>): void {
    const job = this.queue.add(operation.uuid).finally(() => this.waking.delete(job));
    this.waking.add(job);
    this.log.info(
      { requestId: operation.requestId, clusterUuid: operation.clusterUuid, operationId: operation.uuid },
      `accepted ${operation.kind}`,
    );
  }

  /** Wake-ups under way are let finish. */
  async onModuleDestroy(): Promise<void> {
    await Promise.allSettled(this.waking);
  }
}

type AnnouncedOperation = Pick<NewOperation, 'uuid' | 'clusterUuid' | 'projectId' | 'requestId' | 'kind'>;

function acceptedEvent(operation: AnnouncedOperation, message: string): NewEvent {
  return {
    clusterUuid: operation.clusterUuid,
    projectId: operation.projectId,
    operationUuid: operation.uuid,
    type: 'operation.accepted',
    message,
    data: { kind: operation.kind, requestId: operation.requestId },
  };
}
