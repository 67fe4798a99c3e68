import { randomUUID } from 'node:crypto';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { renderUserData } from '#libs/bootstrap';
import type { Settings } from '#libs/config';
import {
  ClusterWorkRepository,
  ensureBootstrapAuthority,
  NodesRepository,
  SecretStore,
  StacksRepository,
  UnitOfWork,
  type NodeEntity,
  type NodeGroupEntity,
  type StackResourceRecord,
} from '#libs/db';
import { nodeLogicalName } from '#libs/domain';
import { keepStanding, parseInfraOutputs, type InfraOutputs, type NodeSpec, type StackPlan } from '#libs/drivers';
import { createBootstrapAuthority, KeyRing, nodeNonce } from '#libs/pki';
import { Stacks, type StackRef, type StackState } from '#libs/stack';
import { Inject, Injectable } from '@nestjs/common';
import { ClusterIdentity, ownerSession } from '../../cloud/cluster-identity.js';
import { SETTINGS } from '../../tokens.js';
import { awaitedOf } from '../awaited.js';
import { apiAddress, clusterSpec, driverOf, groupSpec, nodeSpec, resolvedOf } from '../cluster-plan.js';
import type { OperationContext } from '../operation.js';
import { SERVICE } from '../service-scope.js';
import { stackRef, stackRun } from '../stacks.js';

/** A port's address is a row for the API within this time: before its server has booted. */
const FIRST_SYNC_MS = 100;
const LAST_SYNC_MS = 1_000;
/** Most looks are at what the stacks have written lately; every some of them is at everything. */
const LATELY_SECONDS = 5;
const WHOLE_EVERY_MS = 10_000;

const RENDERED_AT_ONCE = 20;
type Hidden = Readonly<Record<string, string>>;

/** Its object was made and not given up; a change that has not ended does not matter. */
const isStanding = ({ action, status, physicalId }: Pick<StackResourceRecord, 'action' | 'status' | 'physicalId'>): boolean =>
  physicalId !== null && (action === 'UPDATE' || (action === 'CREATE' && status === 'COMPLETE'));

/** A group, and the nodes that its stack shall have. */
export interface GroupNodes {
  readonly group: NodeGroupEntity;
  readonly nodes: readonly NodeEntity[];
}

/** The stacks of node groups: ports and servers, and what belongs to them. */
@Injectable()
export class NodeStacks {
  constructor(
    private readonly engine: Stacks,
    private readonly identity: ClusterIdentity,
    private readonly clusters: ClusterWorkRepository,
    private readonly nodes: NodesRepository,
    private readonly stacks: StacksRepository,
    private readonly secrets: SecretStore,
    private readonly uow: UnitOfWork,
    private readonly ring: KeyRing,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /**
   * Brings the stacks of these groups to exactly these nodes, all groups at once; a stack that is not there is made, an
   * empty one for no nodes. Needs the step resolve. A group that fails stops the others: nothing new begins in any of them.
   * @param failed told of the group whose stack fails first, before the others have ended
   * @throws StackFailed
   */
  async apply(
    ctx: OperationContext,
    wanted: readonly GroupNodes[],
    failed?: (group: NodeGroupEntity, error: unknown) => Promise<void>,
  ): Promise<void> {
    const { cluster } = ctx;
    const resolved = resolvedOf(ctx.operation);
    if (!resolved) throw new Error('the step resolve has not run');
    const [cloud, groups, template, infrastructure, authority] = await Promise.all([
      ownerSession(this.identity, ctx),
      this.clusters.groups(SERVICE, cluster.uuid),
      this.clusters.template(cluster),
      this.stacks.load(SERVICE, cluster.stackId ?? ''),
      ensureBootstrapAuthority(this.uow, this.secrets, createBootstrapAuthority),
    ]);
    const infra = parseInfraOutputs(infrastructure?.stack.outputs);
    const spec = clusterSpec(cluster, groups, template, resolved);
    const driver = driverOf(resolved);
    const stackUuids = await this.ensureStackIds(
      ctx,
      wanted.map(({ group }) => group),
    );
    const states = (): (StackState | undefined)[] => [...stackUuids.values()].map((uuid) => this.engine.state(uuid));
    ctx.awaiting(() => awaitedOf(states()));

    // All that takes long without a pause comes first: while this process computes, a transaction of its own would stand idle.
    const prepare = async ({ group, nodes }: GroupNodes): Promise<{ group: NodeGroupEntity; ref: StackRef; hidden: Hidden }> => {
      const specs = nodes.map((node) => nodeSpec(node, group));
      const rendered = driver.nodeGroup(spec, groupSpec(group), specs, infra);
      const stackUuid = stackUuids.get(group.uuid) ?? '';
      const plan = await this.asMade(rendered, stackUuid, group, specs);
      return {
        group,
        ref: stackRef(cluster, stackUuid, plan, group),
        hidden: await this.hiddenOf(nodes, group, authority.certPem),
      };
    };
    const prepared = await Promise.all(wanted.map(prepare));

    const halt = new AbortController();
    const signal = AbortSignal.any([ctx.signal, halt.signal]);
    const applyOne = async ({ group, ref, hidden }: (typeof prepared)[number]): Promise<void> => {
      try {
        await this.engine.apply(ref, stackRun(ctx, cloud, signal, hidden));
      } catch (error) {
        await failed?.(group, error);
        halt.abort(error);
        throw error;
      }
    };
    const made = Promise.allSettled(prepared.map(applyOne));
    await this.syncUntil(ctx, made, () => JSON.stringify(states()), infra, spec.apiPort);
    const failure = (await made).find((result) => result.status === 'rejected');
    if (failure) throw halt.signal.aborted ? halt.signal.reason : failure.reason;
  }

  /** Nodes that stand stay as they were made, whatever this release's driver would make of them. */
  private async asMade(
    plan: StackPlan,
    stackUuid: string,
    group: NodeGroupEntity,
    nodes: readonly NodeSpec[],
  ): Promise<StackPlan> {
    const loaded = await this.stacks.load(SERVICE, stackUuid);
    if (!loaded) return plan;
    const standing = new Set(loaded.resources.filter(isStanding).map(({ name }) => name));
    const named = nodes.map(({ slot, leaving = false }) => ({ logicalName: nodeLogicalName(group, slot), leaving }));
    return keepStanding(plan, loaded.stack, named, (name) => standing.has(name));
  }

  /** As Magnum has them: floating addresses where nodes have such, private ones else. Leaving nodes are not told. */
  async writeAddresses(ctx: OperationContext, groupUuids: readonly string[]): Promise<void> {
    // Read before the transaction: inside of it a second connection of the pool would be needed, and all holders of one could wait for each other.
    const nodes = (await this.nodes.ofCluster(SERVICE, ctx.cluster.uuid)).filter((node) => node.leavingSince === null);
    await ctx.write(async (tx) => {
      for (const uuid of groupUuids) {
        const own = nodes.filter((node) => node.nodeGroupUuid === uuid);
        const nodeAddresses = own.map((node) => node.floatingIp ?? node.privateIp).filter((address) => address !== null);
        await this.clusters.setGroup(tx, uuid, { nodeAddresses });
      }
    });
  }

  /** The group's row knows the stack before the stack is there. */
  private async ensureStackIds(ctx: OperationContext, groups: readonly NodeGroupEntity[]): Promise<Map<string, string>> {
    const ids = new Map(groups.map((group) => [group.uuid, group.stackId ?? randomUUID()]));
    if (groups.some((group) => !group.stackId)) {
      await ctx.write(async (tx) => {
        for (const group of groups) {
          if (!group.stackId) await this.clusters.setGroup(tx, group.uuid, { stackId: ids.get(group.uuid) ?? null });
        }
      });
    }
    return ids;
  }

  /** A thousand take most of a second: others have their turns in between. */
  private async hiddenOf(nodes: readonly NodeEntity[], group: NodeGroupEntity, caPem: string): Promise<Hidden> {
    const hidden: Record<string, string> = {};
    for (const [index, node] of nodes.entries()) {
      if (index % RENDERED_AT_ONCE === RENDERED_AT_ONCE - 1) await turn();
      hidden[`user_data_${node.slot}`] = this.userData(node, (node.facts ?? group.nodeFacts)?.imageDistro, caPem);
    }
    return hidden;
  }

  private userData(node: NodeEntity, distro: string | null | undefined, caPem: string): string {
    return renderUserData({
      nodeId: node.uuid,
      clusterId: node.clusterUuid,
      name: node.name,
      role: node.role,
      endpoint: this.settings.BOOTSTRAP_PUBLIC_URL,
      nonce: nodeNonce(this.ring, node.uuid),
      caPem,
      distro,
    });
  }

  /**
   * While the stacks are made, carries what they learn over to the nodes' rows: the API gives a bundle to a node's own
   * addresses alone, and the first master's may be the address of the cluster.
   * @param course what the stacks' walks do: while it stays the same there is nothing new to carry
   */
  private async syncUntil(
    ctx: OperationContext,
    made: Promise<unknown>,
    course: () => string,
    infra: InfraOutputs,
    apiPort: number,
  ): Promise<void> {
    const end = made.then(() => 'end');
    let missed = false;
    let wholeAt = Number.NEGATIVE_INFINITY;
    let seen = '';
    for (let ms = FIRST_SYNC_MS, state = ''; state !== 'end';) {
      state = await Promise.race([end, sleep(ms, 'look', { ref: false })]);
      if (ctx.signal.aborted) break;
      const whole = missed || state === 'end' || performance.now() - wholeAt > WHOLE_EVERY_MS;
      if (whole) wholeAt = performance.now();
      missed = false;
      const before = seen;
      seen = course();
      const look = whole || seen !== before ? this.sync(ctx, infra, apiPort, whole ? null : LATELY_SECONDS) : Promise.resolve(0);
      const changed = await look.catch((error: unknown) => {
        ctx.log.warn({ error: String(error) }, 'carrying addresses over failed');
        missed = true;
        return 0;
      });
      ms = changed > 0 ? FIRST_SYNC_MS : Math.min(LAST_SYNC_MS, ms * 1.5);
    }
    await end;
    // The last look must not be missed: nobody looks after it.
    if (missed) await this.sync(ctx, infra, apiPort, null);
  }

  private async sync(ctx: OperationContext, infra: InfraOutputs, apiPort: number, withinSeconds: number | null): Promise<number> {
    return ctx.write(async (tx) => {
      const changed = await this.nodes.syncFromStacks(tx, ctx.cluster.uuid, infra.router_external_ips, withinSeconds);
      if (changed > 0 && !infra.api_host && ctx.cluster.apiAddress === null) {
        const address = apiAddress(infra, await this.nodes.firstMasterIp(tx, ctx.cluster.uuid), apiPort);
        if (address) await this.clusters.set(tx, ctx.cluster.uuid, { apiAddress: address });
      }
      return changed;
    });
  }
}
