import { randomUUID } from 'node:crypto';
import { Signals, SecretStore, UnitOfWork, type Channel, type Tx } from '#libs/db';
import { Cloud, DEFAULT_TIMEOUTS, Transport } from '#libs/openstack';
import { createAuthority, createClusterAuthorities, type ClusterAuthorities } from '#libs/pki';
import { NestFactory } from '@nestjs/core';
import { ConductorModule } from '../../../apps/conductor/src/conductor.module.js';
import { ClusterKube } from '../../../apps/conductor/src/kubernetes/cluster-kube.js';
import { LeaseKeeper } from '../../../apps/conductor/src/leases/lease-keeper.js';
import { CertificatesStep } from '../../../apps/conductor/src/operations/steps/certificates.step.js';
import { OperationProcessor } from '../../../apps/conductor/src/operation.processor.js';
import type { ConductorParts } from '../../../apps/conductor/src/parts.js';
import { openGatedDatabase, type LeftConnections } from './gated-database.js';
import { GatedWire } from './gated-wire.js';
import type { SimulatedKubernetes } from './simulated-kubernetes.js';
import { SimulatedProcess } from './simulated-process.js';
import type { Tracer } from './tracer.js';

/** Calls of the cloud are given up after this: a cloud that hangs must not hang the sweep. */
const IMPATIENT = { ...DEFAULT_TIMEOUTS, connectMs: 2_000, headersMs: 2_500, bodyMs: 2_500 };

/**
 * A whole conductor in a simulated process: the product's module on connections of its own to Postgres and to the cloud.
 * Jobs are handed to it by the simulated queue; the sweeps that every conductor runs are run once for all, by the site.
 */
export class SimulatedConductor {
  readonly #active = new Set<string>();

  private constructor(
    readonly process: SimulatedProcess,
    readonly processor: OperationProcessor,
    private readonly end: () => Promise<void>,
  ) {}

  /**
   * @param shared what the site opened for all: settings, key ring, signals, queue
   * @param kubernetes null: real ways into clusters whose guests are whole
   */
  static async start(
    shared: ConductorParts,
    tracer: Tracer,
    callerToken: () => string,
    kubernetes: SimulatedKubernetes | null,
    left: LeftConnections,
  ): Promise<SimulatedConductor> {
    const name = `conductor-${randomUUID().slice(0, 8)}`;
    const process = new SimulatedProcess(name, tracer);
    const settings = { ...shared.settings, CONDUCTOR_NAME: name };
    const source = await openGatedDatabase(settings.DATABASE_URL, process, left);
    const wire = new GatedWire(process, new Transport(IMPATIENT), callerToken);
    const cloud = new Cloud({ authUrl: settings.KEYSTONE_AUTH_URL, wire });
    const parts: ConductorParts = {
      ...shared,
      settings,
      source,
      uow: new UnitOfWork(source),
      signals: new HeardSignals(shared.signals, process),
      secrets: new SecretStore(source, shared.keyRing),
      cloud,
    };
    const module = ConductorModule.from(parts);
    module.providers?.push({ provide: CertificatesStep, useValue: new ReusedKeys(parts.secrets, kubernetes !== null) });
    if (kubernetes) module.providers?.push({ provide: ClusterKube, useValue: kubernetes.kubeOf(process) });
    const app = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
    const processor = app.get(OperationProcessor);
    const keeper = app.get(LeaseKeeper);
    keeper.start();
    const end = async (): Promise<void> => {
      processor.shutDown();
      keeper.stop();
      await cloud.close();
      await source.destroy().catch(() => undefined);
    };
    const it = new SimulatedConductor(process, processor, end);
    // What a dead process still does is thrown away; its timers and its watches of clusters are not to live for ever.
    process.onDeath(() => void it.end());
    return it;
  }

  /** A job of the queue. One that this conductor has in hand is not taken twice, unless the queue delivers it twice. */
  async take(operationId: string, twice = false): Promise<void> {
    if (this.#active.has(operationId) && !twice) return;
    this.#active.add(operationId);
    await this.process.call('queue', 'take', async () => undefined);
    for (;;) {
      const outcome = await this.processor.handle(operationId);
      const key = outcome.kind === 'done' ? 'finish' : 'put back';
      await this.process.call('queue', key, async () => undefined);
      if (outcome.kind === 'done') break;
      await new Promise((resolve) => setTimeout(resolve, Math.max(20, outcome.afterMs)));
    }
    this.#active.delete(operationId);
  }

  async lookForAborts(): Promise<void> {
    // It may die of what it looks for: nothing comes back from it then.
    if (!this.process.dead) await Promise.race([this.processor.lookForAborts().catch(() => undefined), this.process.death]);
  }

  async stop(): Promise<void> {
    await this.end();
  }
}

/** One connection listens for all; a dead conductor hears nothing. */
class HeardSignals extends Signals {
  constructor(
    private readonly shared: Signals,
    private readonly process: SimulatedProcess,
  ) {
    super('');
  }

  override on(channel: Channel, listener: (clusterUuid: string | null) => void): () => void {
    return this.shared.on(channel, (uuid) => this.process.dead || listener(uuid));
  }

  override notify(tx: Tx, channel: Channel, clusterUuid: string): Promise<void> {
    return this.shared.notify(tx, channel, clusterUuid);
  }
}

let first: Promise<ClusterAuthorities> | undefined;

/** Half of what a create costs is the service-account key: all clusters have the same one. Their authorities too, when nothing is signed by them. */
class ReusedKeys extends CertificatesStep {
  constructor(
    secrets: SecretStore,
    private readonly all: boolean,
  ) {
    super(secrets);
  }

  protected override async create(clusterName: string): Promise<ClusterAuthorities> {
    const reused = await (first ??= createClusterAuthorities(clusterName));
    if (this.all) return reused;
    const [ca, etcdCa, frontProxyCa] = await Promise.all([1, 2, 3].map(() => createAuthority(clusterName, 'ecdsa-p256')));
    return ca && etcdCa && frontProxyCa ? { ...reused, ca, etcdCa, frontProxyCa } : reused;
  }
}
