import { randomUUID } from 'node:crypto';
import { checkNodeVersion } from '#libs/bootstrap';
import type { Settings } from '#libs/config';
import {
  ClusterWorkRepository,
  EventsRepository,
  NodesRepository,
  OperationsRepository,
  StacksRepository,
  type NewNode,
  type NodeEntity,
  type NodeGroupEntity,
} from '#libs/db';
import { nodeName, Superseded } from '#libs/domain';
import { bootstrapToken, KeyRing } from '#libs/pki';
import { Inject, Injectable } from '@nestjs/common';
import { ClusterIdentity, ownerSession } from '../../cloud/cluster-identity.js';
import { ClusterKube } from '../../kubernetes/cluster-kube.js';
import { SETTINGS } from '../../tokens.js';
import { isMaster, resolvedOf } from '../cluster-plan.js';
import { addressPlan, factsOf } from '../node-facts.js';
import { assertHolder, type OperationContext } from '../operation.js';
import { resolveCloud, resolveGroups, type ResolvedCloud } from '../resolve-cloud.js';
import { SERVICE } from '../service-scope.js';
import { DrainNodes } from './drain-nodes.js';
import { NodeStacks, type GroupNodes } from './node-stacks.js';
import { drainingOf, ownNodes, type OwnNodes } from './own-nodes.js';
import { ReadyNodes } from './ready-nodes.js';

/** What shall become of a group's nodes. */
export interface PlannedChange {
  readonly leaving: readonly { readonly uuid: string }[];
  readonly newSlots: readonly number[];
}

const TOKEN_MINUTES = 30;
const CERTIFICATE_MINUTES = 5;
const GIVE_UP_MS = 5_000;

/**
 * How nodes come and go in groups that stand. The rows say which: new ones are not Ready yet, old ones are leaving. Each
 * part asks "done already?", so that the whole may be begun again at any time.
 *
 *   resolve ─> leftovers ─> plan ─> grow ─> join ─> drain ─> shrink ─> tidy
 *
 * Nodes come before others go. While they are both there the group's stack has both.
 */
@Injectable()
export class NodeChange {
  constructor(
    private readonly identity: ClusterIdentity,
    private readonly kube: ClusterKube,
    private readonly clusters: ClusterWorkRepository,
    private readonly nodes: NodesRepository,
    private readonly operations: OperationsRepository,
    private readonly stacks: StacksRepository,
    private readonly events: EventsRepository,
    private readonly nodeStacks: NodeStacks,
    private readonly ready: ReadyNodes,
    private readonly draining: DrainNodes,
    private readonly ring: KeyRing,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** The cluster's ids in the cloud, as they were found before; only groups of which nothing is known are looked up. */
  async resolve(ctx: OperationContext, groupUuids: readonly string[]): Promise<void> {
    const { cluster, operation } = ctx;
    if (resolvedOf(operation)) return;
    const [all, template, found] = await Promise.all([
      this.clusters.groups(SERVICE, cluster.uuid),
      this.clusters.template(cluster),
      this.operations.lastFound(SERVICE, cluster.uuid, 'resolved'),
    ]);
    const unknown = all.filter((group) => groupUuids.includes(group.uuid) && !group.nodeFacts);
    let resolved = found as ResolvedCloud | undefined;
    if (!resolved) resolved = await resolveCloud(await ownerSession(this.identity, ctx), cluster, all, template);
    else if (unknown.length > 0) {
      const { groups } = await resolveGroups(await ownerSession(this.identity, ctx), cluster, unknown, template);
      resolved = { ...resolved, groups: { ...resolved.groups, ...groups } };
    }
    const nodeCidr =
      all.find((group) => group.nodeFacts)?.nodeFacts?.nodeCidr ?? addressPlan(cluster, template, resolved, 1).nodeCidr;
    const controlPlane = all.find(isMaster)?.nodeFacts?.kubernetesVersion ?? this.settings.DEFAULT_KUBE_TAG;
    const facts = unknown.map((group) => ({ group, nodeFacts: factsOf(group, resolved, nodeCidr, controlPlane) }));
    for (const { group, nodeFacts } of facts) {
      if (!isMaster(group)) checkNodeVersion(controlPlane, nodeFacts.kubernetesVersion, group.name);
    }
    await ctx.write(async (tx) => {
      await this.operations.addToRequest(tx, operation.uuid, { resolved });
      for (const { group, nodeFacts } of facts) await this.clusters.setGroup(tx, group.uuid, { nodeFacts });
    });
    operation.request = { ...operation.request, resolved };
  }

  /** What an earlier operation has left half-way goes first: its servers may be in the way. */
  async leftovers(ctx: OperationContext, groupUuids: readonly string[]): Promise<void> {
    const own = new Set(ownNodes(ctx).leaving);
    const left = (await this.leaving(ctx, groupUuids)).filter((node) => !own.has(node.uuid));
    if (left.length === 0) return;
    await this.draining.run(ctx, left);
    await this.removeNodes(
      ctx,
      groupUuids.filter((uuid) => left.some((node) => node.nodeGroupUuid === uuid)),
      left,
    );
  }

  /** Rows for new nodes, marks on leaving ones, and the operation's own note of both: one transaction. */
  async plan(ctx: OperationContext, group: NodeGroupEntity, { leaving, newSlots }: PlannedChange): Promise<void> {
    const { cluster, operation } = ctx;
    const before = ownNodes(ctx);
    const added = newSlots.map((slot): NewNode => ({
      uuid: randomUUID(),
      clusterUuid: cluster.uuid,
      nodeGroupUuid: group.uuid,
      projectId: cluster.projectId,
      name: nodeName(cluster, group, slot),
      slot,
      role: isMaster(group) ? 'master' : 'worker',
      facts: group.nodeFacts,
    }));
    const own: OwnNodes = {
      added: [...before.added, ...added.map((node) => node.uuid)],
      leaving: [...before.leaving, ...leaving.map((node) => node.uuid)],
    };
    await ctx.write(async (tx) => {
      await this.nodes.insertMissing(tx, added);
      await this.nodes.markLeaving(
        tx,
        leaving.map((node) => node.uuid),
      );
      await this.operations.addToRequest(tx, operation.uuid, { own });
    });
    operation.request = { ...operation.request, own };
  }

  /** How many nodes a group is to have now: a resize that waits behind this operation has written its own count into the row already. */
  async wantedCount({ cluster, operation }: OperationContext, group: NodeGroupEntity): Promise<number> {
    const open = await this.operations.open(SERVICE, cluster.uuid);
    const next = open.find(
      (one) => one.uuid !== operation.uuid && one.request['nodeGroupUuid'] === group.uuid && 'previousNodeCount' in one.request,
    );
    const before: unknown = next?.request['previousNodeCount'];
    return typeof before === 'number' ? before : group.nodeCount;
  }

  /** @throws InvalidInput the cluster's ranges have no room for so many nodes */
  async checkRoom(ctx: OperationContext, nodeCount: number): Promise<void> {
    const resolved = resolvedOf(ctx.operation);
    if (!resolved) throw new Error('the step resolve has not run');
    addressPlan(ctx.cluster, await this.clusters.template(ctx.cluster), resolved, nodeCount);
  }

  /** How many nodes of the whole cluster are to stay. */
  async standing(ctx: OperationContext): Promise<number> {
    const nodes = await this.nodes.ofCluster(SERVICE, ctx.cluster.uuid);
    return nodes.filter((node) => node.leavingSince === null).length;
  }

  /** The groups' stacks with all nodes that stand, and the leaving ones as far as they are whole. Makes a missing stack. */
  async grow(ctx: OperationContext, groupUuids: readonly string[]): Promise<void> {
    const wanted: GroupNodes[] = [];
    for (const { group, nodes } of await this.groupNodes(ctx, groupUuids)) {
      const stack = group.stackId ? await this.stacks.load(SERVICE, group.stackId) : null;
      const standing = nodes.filter((node) => node.leavingSince === null);
      if (stack?.stack.status === 'COMPLETE' && standing.every((node) => node.readyAt !== null)) continue;
      const whole = await this.wholeServers(group);
      wanted.push({ group, nodes: nodes.filter((node) => node.leavingSince === null || whole.has(node.name)) });
    }
    if (wanted.length === 0) return;
    await this.expect(
      ctx,
      wanted.flatMap(({ nodes }) => nodes),
    );
    await this.nodeStacks.apply(ctx, wanted);
  }

  /** Names of the group's servers that are there. A shrink that was broken off has begun to remove some: those are not made again. */
  async wholeServers({ stackId }: NodeGroupEntity): Promise<Set<string>> {
    const stack = stackId ? await this.stacks.load(SERVICE, stackId) : null;
    return new Set(
      (stack?.resources ?? [])
        .filter(({ type, action, status }) => type === SERVER && action !== 'DELETE' && status === 'COMPLETE')
        .map(({ physicalName }) => physicalName),
    );
  }

  /** Until every node that stands and is new is Ready. */
  async join(ctx: OperationContext, groupUuids: readonly string[]): Promise<void> {
    const added = new Set(ownNodes(ctx).added);
    const all = await this.groupNodes(ctx, groupUuids);
    const fresh = all
      .flatMap(({ nodes }) => nodes)
      .filter((node) => node.leavingSince === null && (node.readyAt === null || added.has(node.uuid)));
    if (fresh.length === 0) return;
    const groups = all.map(({ group }) => group);
    const seen = await this.ready.wait(ctx, fresh, groups, 'old');
    const versions = new Map(seen.nodes.map((state) => [state.name, state.kubeletVersion]));
    await ctx.write(async (tx) => {
      for (const group of groups) {
        const first = fresh.find((node) => node.nodeGroupUuid === group.uuid);
        const version = first && versions.get(first.name);
        if (version) await this.clusters.setGroup(tx, group.uuid, { version });
      }
    });
  }

  /** Takes the leaving nodes out of Kubernetes. Never fails because of Kubernetes. */
  async drain(ctx: OperationContext, groupUuids: readonly string[]): Promise<void> {
    const leaving = await this.leaving(ctx, groupUuids);
    if (leaving.length === 0) return;
    // From here on there is no way back for them.
    const draining = [...new Set([...drainingOf(ctx), ...leaving.map((node) => node.uuid)])];
    if (draining.length > drainingOf(ctx).length) {
      await ctx.write((tx) => this.operations.addToRequest(tx, ctx.operation.uuid, { draining }));
      ctx.operation.request = { ...ctx.operation.request, draining };
    }
    await this.draining.run(ctx, leaving);
  }

  /** The groups' stacks without the leaving nodes; then their rows go. */
  async shrink(ctx: OperationContext, groupUuids: readonly string[]): Promise<void> {
    const leaving = await this.leaving(ctx, groupUuids);
    if (leaving.length > 0) await this.removeNodes(ctx, groupUuids, leaving);
  }

  /** What the groups' rows say of their nodes. */
  async tidy(ctx: OperationContext, groupUuids: readonly string[]): Promise<void> {
    const groups = (await this.groupNodes(ctx, groupUuids)).map(({ group }) => group);
    await this.nodeStacks.writeAddresses(ctx, groupUuids);
    await ctx.write(async (tx) => {
      for (const { uuid, version, nodeFacts } of groups) {
        if (version === null && nodeFacts) await this.clusters.setGroup(tx, uuid, { version: nodeFacts.kubernetesVersion });
      }
      await this.clusters.healthOfNodes(tx, ctx.cluster.uuid);
    });
  }

  /** These groups as they are now, with all their nodes, leaving ones too. */
  async groupNodes(ctx: OperationContext, groupUuids: readonly string[]): Promise<GroupNodes[]> {
    const [groups, nodes] = await Promise.all([
      this.clusters.groups(SERVICE, ctx.cluster.uuid),
      this.nodes.ofCluster(SERVICE, ctx.cluster.uuid),
    ]);
    return groups
      .filter((group) => groupUuids.includes(group.uuid))
      .map((group) => ({ group, nodes: nodes.filter((node) => node.nodeGroupUuid === group.uuid) }));
  }

  private async leaving(ctx: OperationContext, groupUuids: readonly string[]): Promise<NodeEntity[]> {
    const nodes = await this.nodes.ofCluster(SERVICE, ctx.cluster.uuid);
    return nodes.filter((node) => node.leavingSince !== null && groupUuids.includes(node.nodeGroupUuid));
  }

  /** Server, port and row of these nodes, and nothing else of them. */
  async removeNodes(ctx: OperationContext, groupUuids: readonly string[], gone: readonly NodeEntity[]): Promise<void> {
    const { cluster, operation } = ctx;
    const uuids = new Set(gone.map((node) => node.uuid));
    const groups = await this.groupNodes(ctx, groupUuids);
    const wanted = groups.map(({ group, nodes }) => ({ group, nodes: nodes.filter((node) => !uuids.has(node.uuid)) }));
    await this.nodeStacks.apply(ctx, wanted);
    await ctx.write(async (tx) => {
      await this.nodes.remove(tx, [...uuids]);
      await this.events.add(
        tx,
        ...gone.map((node) => ({
          clusterUuid: cluster.uuid,
          projectId: cluster.projectId,
          operationUuid: operation.uuid,
          nodeUuid: node.uuid,
          type: 'node.removed',
          message: `node ${node.name} is removed`,
          data: { node: node.name },
        })),
      );
    });
  }

  /**
   * Prepares the cluster for nodes that have not asked for their bundle yet: the token to join by lives, and no Node object
   * of an earlier node of the same name is taken for theirs. A cluster that does not answer now is told of by `join`.
   */
  private async expect(ctx: OperationContext, nodes: readonly NodeEntity[]): Promise<void> {
    const fresh = nodes.filter((node) => node.leavingSince === null && node.bundleFetchedAt === null);
    if (fresh.length === 0) return;
    const client = await this.kube.connect(ctx.cluster, CERTIFICATE_MINUTES);
    const options = { signal: AbortSignal.any([ctx.signal, AbortSignal.timeout(GIVE_UP_MS)]) };
    try {
      const until = new Date(Date.now() + TOKEN_MINUTES * 60_000);
      await client.ensureBootstrapToken(bootstrapToken(this.ring, ctx.cluster.uuid), until, options);
      const present = new Set((await client.nodes(options)).map((state) => state.name));
      // Read after the list: whoever has its bundle by now may have joined, and would not come back.
      const waiting = new Set(
        (await this.nodes.ofCluster(SERVICE, ctx.cluster.uuid))
          .filter((node) => node.bundleFetchedAt === null)
          .map((node) => node.uuid),
      );
      for (const { name } of fresh.filter((node) => present.has(node.name) && waiting.has(node.uuid))) {
        await assertHolder(ctx);
        await client.deleteNode(name, options);
      }
    } catch (error) {
      ctx.signal.throwIfAborted();
      if (error instanceof Superseded) throw error;
      ctx.log.warn({ error: String(error) }, 'the cluster cannot be told of its new nodes now');
    } finally {
      await client.close();
    }
  }
}

const SERVER = 'OS::Nova::Server';
