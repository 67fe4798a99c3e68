import { EventsRepository, NodesRepository, Signals, type FailedNode, type NodeEntity, type NodeGroupEntity } from '#libs/db';
import { maskLog, OperationFailure, type ErrorCode } from '#libs/domain';
import type { ClusterClient, NodeState } from '#libs/kubernetes';
import { bootstrapToken, KeyRing } from '#libs/pki';
import { Injectable } from '@nestjs/common';
import { ClusterIdentity } from '../../cloud/cluster-identity.js';
import { ClusterKube } from '../../kubernetes/cluster-kube.js';
import { NodeWatch } from '../../kubernetes/node-watch.js';
import { RoleLabels } from '../../kubernetes/role-labels.js';
import { Wake } from '../../wake.js';
import { boundedList, type Awaited } from '../awaited.js';
import type { OperationContext } from '../operation.js';
import { SERVICE } from '../service-scope.js';

const FIRST_LOOK_MS = 200;
const LAST_LOOK_MS = 2_000;
const READY_CALL_MS = 2_000;
/** When people are told that the API of a cluster without floating IP does not answer. */
const TELL_MS = 15_000;
/** How soon a node's failure is seen at the latest. */
const FAILED_EVERY_MS = 1_000;
const TOKEN_MINUTES = 30;
/** The token is made good again long before it ends. */
const TOKEN_EVERY_MS = 10 * 60_000;
const MINUTE_MS = 60_000;
const MOST_FAILED = 3;
const MOST_WORDS = 600;
const CONSOLE_MS = 5_000;
const CONSOLE_LINES = 20;
const UNINITIALIZED = 'node.cloudprovider.kubernetes.io/uninitialized';
/** The node itself has said nothing. */
const NEVER_REPORTED = ['planned', 'server'];

/** What the cluster says of itself when the awaited nodes are Ready. */
export interface ClusterSeen {
  readonly version: string;
  readonly nodes: readonly NodeState[];
}

/** Waits until the cluster's API answers and nodes are Ready; meanwhile they get their role's label, and the token to join by lives. */
@Injectable()
export class ReadyNodes {
  constructor(
    private readonly kube: ClusterKube,
    private readonly nodes: NodesRepository,
    private readonly events: EventsRepository,
    private readonly signals: Signals,
    private readonly ring: KeyRing,
    private readonly identity: ClusterIdentity,
  ) {}

  /**
   * @param wanted nodes of these groups; those that are Ready already cost nothing
   * @param token whether the token to join by must be made good first: a new cluster's still is
   * @throws OperationFailure a node has reported a failure: its own words
   */
  async wait(
    ctx: OperationContext,
    wanted: readonly NodeEntity[],
    groups: readonly NodeGroupEntity[],
    token: 'fresh' | 'old',
  ): Promise<ClusterSeen> {
    const { cluster } = ctx;
    const minutesLeft = Math.ceil((ctx.deadline.getTime() - Date.now()) / MINUTE_MS);
    const client = await this.kube.connect(cluster, Math.max(1, minutesLeft) + 10);
    const wake = new Wake();
    const stopListening = this.signals.on('nodes', (uuid) => (uuid === null || uuid === cluster.uuid) && wake.notify());
    try {
      await this.waitForApi(ctx, client, wake, wanted);
      const watch = new NodeWatch(client, wake, ctx.log);
      try {
        const version = await client.version({ signal: ctx.signal });
        const labels = new RoleLabels(client, wanted, groups, ctx.signal);
        await this.waitForNodes(ctx, client, watch, wake, wanted, labels, token === 'old' ? 0 : Date.now());
        labels.see(watch.nodes);
        await labels.done();
        return { version: version.gitVersion, nodes: watch.nodes };
      } finally {
        await watch.stop();
      }
    } finally {
      stopListening();
      await client.close();
    }
  }

  /** Until the cluster's API answers. @throws OperationFailure a node has reported a failure: its own words */
  async answers(ctx: OperationContext, wanted: readonly NodeEntity[]): Promise<void> {
    const minutesLeft = Math.ceil((ctx.deadline.getTime() - Date.now()) / MINUTE_MS);
    const client = await this.kube.connect(ctx.cluster, Math.max(1, minutesLeft) + 10);
    const wake = new Wake();
    const stopListening = this.signals.on('nodes', (uuid) => (uuid === null || uuid === ctx.cluster.uuid) && wake.notify());
    try {
      await this.waitForApi(ctx, client, wake, wanted);
    } finally {
      stopListening();
      await client.close();
    }
  }

  private async waitForApi(
    ctx: OperationContext,
    client: ClusterClient,
    wake: Wake,
    wanted: readonly NodeEntity[],
  ): Promise<void> {
    let last = '';
    const { apiAddress, floatingIpEnabled } = ctx.cluster;
    // Nothing is wrong with such a cluster, so nobody would find the reason.
    const hint = floatingIpEnabled ? '' : '; it has no floating IP, so conductors must reach the network it is in';
    const awaited = (): string => `the cluster's API at ${apiAddress}${last ? ` (${last})` : ''}${hint}`;
    ctx.awaiting(async () => {
      const console = await this.consoleOfSilent(ctx, wanted);
      return { words: `${awaited()}${console}`, cause: await this.causeOf(ctx, wanted, 'kubernetes-unreachable') };
    });
    let tellAt = hint ? Date.now() + TELL_MS : Infinity;
    for (let ms = FIRST_LOOK_MS; ; ms = Math.min(LAST_LOOK_MS, ms * 1.5)) {
      try {
        await client.ready({ signal: ctx.signal, timeoutMs: READY_CALL_MS });
        return;
      } catch (error) {
        ctx.signal.throwIfAborted();
        last = error instanceof Error ? error.message : String(error);
      }
      await this.throwIfFailed(ctx);
      if (Date.now() >= tellAt) {
        tellAt = Infinity;
        await this.tell(ctx, `waiting for ${awaited()}`);
      }
      await wake.wait(ms, ctx.signal);
    }
  }

  private async tell(ctx: OperationContext, message: string): Promise<void> {
    const { cluster, operation } = ctx;
    await ctx.write(async (tx) => {
      await this.events.add(tx, {
        clusterUuid: cluster.uuid,
        projectId: cluster.projectId,
        operationUuid: operation.uuid,
        type: 'operation.waiting',
        level: 'warning',
        message,
      });
    });
  }

  private async waitForNodes(
    ctx: OperationContext,
    client: ClusterClient,
    watch: NodeWatch,
    wake: Wake,
    wanted: readonly NodeEntity[],
    labels: RoleLabels,
    tokenGoodSince: number,
  ): Promise<void> {
    const missing = new Map(wanted.map((node) => [node.name, node]));
    ctx.awaiting(() => this.describeMissing(ctx, [...missing.keys()], watch));
    let tokenAt = tokenGoodSince;
    let failedAt = 0;
    while (missing.size > 0) {
      labels.see(watch.nodes);
      const ready = watch.nodes.filter((node) => isUsable(node) && missing.has(node.name));
      if (ready.length > 0) {
        await this.markReady(
          ctx,
          ready.map((node) => missing.get(node.name)).filter((node) => node !== undefined),
        );
        for (const node of ready) missing.delete(node.name);
        continue;
      }
      // A thousand nodes say eight thousand things: their rows are not read again for each.
      if (Date.now() - failedAt >= FAILED_EVERY_MS) {
        await this.throwIfFailed(ctx);
        failedAt = Date.now();
      }
      if (Date.now() - tokenAt >= TOKEN_EVERY_MS) tokenAt = await this.prolongToken(ctx, client, tokenAt);
      await wake.wait(FAILED_EVERY_MS, ctx.signal);
    }
  }

  private async markReady(ctx: OperationContext, ready: readonly NodeEntity[]): Promise<void> {
    const { cluster, operation } = ctx;
    await ctx.write(async (tx) => {
      const news = await this.nodes.markReady(
        tx,
        cluster.uuid,
        ready.map((node) => node.name),
      );
      const names = new Set(news);
      await this.events.add(
        tx,
        ...ready
          .filter((node) => names.has(node.name))
          .map((node) => ({
            clusterUuid: cluster.uuid,
            projectId: cluster.projectId,
            operationUuid: operation.uuid,
            nodeUuid: node.uuid,
            type: 'node.phase',
            message: `${node.name}: ready`,
            data: { node: node.name, phase: 'ready', status: 'done' },
          })),
      );
    });
  }

  /** @returns when it was made good; the old time when that failed, so that the next look tries again */
  private async prolongToken(ctx: OperationContext, client: ClusterClient, before: number): Promise<number> {
    try {
      const until = new Date(Date.now() + TOKEN_MINUTES * MINUTE_MS);
      await client.ensureBootstrapToken(bootstrapToken(this.ring, ctx.cluster.uuid), until, { signal: ctx.signal });
      return Date.now();
    } catch (error) {
      ctx.signal.throwIfAborted();
      ctx.log.warn({ error: String(error) }, 'prolonging the bootstrap token failed');
      return before;
    }
  }

  /** @throws OperationFailure a node has reported a failed phase: its own words */
  private async throwIfFailed(ctx: OperationContext): Promise<void> {
    const failed = await this.nodes.failed(SERVICE, ctx.cluster.uuid, MOST_FAILED);
    const [first] = failed;
    if (!first) return;
    throw new OperationFailure('node-step-failed', `kubernetes: ${failed.map(describeFailed).join('; ')}`, {
      step: 'kubernetes',
      object: `node ${first.name}`,
    });
  }

  /**
   * The last words of the first of these machines that has never reported; empty when all have. The operation's signal may
   * have fired: it has a few seconds of its own.
   */
  private async consoleOfSilent(ctx: OperationContext, nodes: readonly NodeEntity[]): Promise<string> {
    const uuids = new Set(nodes.map((node) => node.uuid));
    const rows = await this.nodes.ofCluster(SERVICE, ctx.cluster.uuid);
    const silent = rows.find((row) => uuids.has(row.uuid) && row.serverId !== null && NEVER_REPORTED.includes(row.phase));
    if (!silent) return '';
    const { name, serverId } = silent;
    try {
      const owner = await this.identity.owner(ctx.cluster);
      if (!owner || serverId === null) return '';
      const { servers } = owner.withSignal(AbortSignal.timeout(CONSOLE_MS)).compute;
      const words = maskLog(await servers.consoleOutput(serverId, CONSOLE_LINES), MOST_WORDS).trim();
      return words ? `; the console of ${name} ends with: ${words}` : '';
    } catch (error) {
      ctx.log.warn({ error: String(error), server: serverId }, 'the console of a silent node cannot be read');
      return '';
    }
  }

  private async describeMissing(ctx: OperationContext, names: readonly string[], watch: NodeWatch): Promise<Awaited> {
    const seen = new Map(watch.nodes.map((node) => [node.name, node]));
    const { trouble } = watch;
    const rows = new Map((await this.nodes.ofCluster(SERVICE, ctx.cluster.uuid)).map((node) => [node.name, node]));
    const each = names.map((name) => {
      const state = seen.get(name);
      if (state?.ready) return `node ${name} to be looked at by the cloud controller manager`;
      if (state) return `node ${name} to be Ready (${state.reason}: ${state.message})`;
      const row = rows.get(name);
      return `node ${name} to join (last heard: ${row ? `${row.phase} ${row.phaseStatus}` : 'nothing'})`;
    });
    const missing = names.map((name) => rows.get(name)).filter((row) => row !== undefined);
    const words = `${boundedList(each)}${trouble ? `; ${trouble}` : ''}${await this.consoleOfSilent(ctx, missing)}`;
    const spoken = names.some((name) => seen.has(name)) ? 'node-not-ready' : 'node-not-joined';
    return { words, cause: await this.causeOf(ctx, missing, spoken) };
  }

  /** A node that never spoke explains more than what those wait for that have. */
  private async causeOf(ctx: OperationContext, nodes: readonly NodeEntity[], otherwise: ErrorCode): Promise<ErrorCode> {
    const wanted = new Set(nodes.map(({ uuid }) => uuid));
    const rows = (await this.nodes.ofCluster(SERVICE, ctx.cluster.uuid)).filter(({ uuid }) => wanted.has(uuid));
    return rows.some(({ phase }) => phase === 'planned' || phase === 'server') ? 'node-never-booted' : otherwise;
  }
}

/** Ready, and the cloud controller manager has taken its taint away: nothing is put on a node before. */
const isUsable = ({ ready, taints }: NodeState): boolean => ready && !taints.some(({ key }) => key === UNINITIALIZED);

/** `node k1-...-worker-1: kubeadm-join exited 1: <the end of its log>` */
export function describeFailed({ name, phase, exitCode, logTail }: FailedNode): string {
  const words = (logTail ?? '').trim();
  const end = words.length > MOST_WORDS ? `... ${words.slice(-MOST_WORDS)}` : words;
  return `node ${name}: ${phase} ${exitCode === null ? 'failed' : `exited ${exitCode}`}${end ? `: ${end}` : ''}`;
}
