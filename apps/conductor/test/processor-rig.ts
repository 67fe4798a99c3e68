import {
  ClusterWorkRepository,
  EventsRepository,
  LeasesRepository,
  OperationsRepository,
  OperationStepsRepository,
  SecretStore,
  Signals,
  UnitOfWork,
} from '#libs/db';
import { KeyRing } from '#libs/pki';
import { testDatabase, type TestDatabase } from '#libs/testing';
import { pino } from 'pino';
import { LeaseKeeper } from '../src/leases/lease-keeper.js';
import { OperationProcessor } from '../src/operation.processor.js';
import type { OperationContext, OperationHandler } from '../src/operations/operation.js';

export const silent = pino({ level: 'silent' });

/** What each step of a create does. */
export type Script = Record<string, (ctx: OperationContext) => Promise<void>>;

export interface ScriptedConductor {
  readonly processor: OperationProcessor;
  readonly keeper: LeaseKeeper;
}

/** Postgres, and conductors whose operations do what a script says: the processor alone is real. */
export class ProcessorRig {
  readonly operations: OperationsRepository;
  readonly clusters: ClusterWorkRepository;
  readonly uow: UnitOfWork;
  readonly secrets: SecretStore;
  /** What the handlers' ends throw. */
  broken: (() => void) | undefined;
  private readonly conductors: ScriptedConductor[] = [];

  private constructor(
    readonly database: TestDatabase,
    readonly signals: Signals,
  ) {
    this.operations = new OperationsRepository(database.source);
    this.clusters = new ClusterWorkRepository(database.source);
    this.uow = new UnitOfWork(database.source);
    this.secrets = new SecretStore(database.source, new KeyRing([{ id: 'k', key: Buffer.alloc(32, 1) }]));
  }

  static async start(): Promise<ProcessorRig> {
    const database = await testDatabase();
    const signals = new Signals(database.url);
    await signals.start();
    return new ProcessorRig(database, signals);
  }

  async close(): Promise<void> {
    await this.signals.close();
    await this.database.close();
  }

  stopKeepers(): void {
    for (const { keeper } of this.conductors.splice(0)) keeper.stop();
  }

  /** A conductor whose creates and deletes do what the script says. */
  conductor(name: string, create: Script, ttlMs = 60_000): ScriptedConductor {
    const { database, uow, operations, clusters, secrets, signals } = this;
    const keeper = new LeaseKeeper(new LeasesRepository(database.source), name, ttlMs, silent);
    const processor = new OperationProcessor(
      {
        uow,
        operations,
        steps: new OperationStepsRepository(uow),
        clusters,
        events: new EventsRepository(database.source),
        secrets,
        signals,
        keeper,
        handlers: [this.handler('create', create), this.handler('delete', { trust: async () => undefined })],
        log: silent,
        defaultTimeoutMinutes: 60,
      },
      ['create', 'delete'],
    );
    const one = { processor, keeper };
    this.conductors.push(one);
    return one;
  }

  private handler(kind: 'create' | 'delete', script: Script): OperationHandler {
    const { clusters } = this;
    return {
      kind,
      steps: Object.entries(script).map(([step, run]) => ({ name: step, run })),
      complete: async (ctx, tx) => {
        if (kind === 'delete') await clusters.remove(tx, ctx.cluster.uuid);
        else await clusters.set(tx, ctx.cluster.uuid, { status: 'CREATE_COMPLETE', statusReason: null });
      },
      fail: async (ctx, tx, failure) => {
        this.broken?.();
        await clusters.set(tx, ctx.cluster.uuid, { status: 'CREATE_FAILED', statusReason: failure.message });
        await clusters.failGroups(tx, ctx.cluster.uuid, 'CREATE_FAILED', failure.message);
      },
    };
  }
}
