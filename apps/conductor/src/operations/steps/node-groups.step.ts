import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
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
} from '#libs/db';
import { parseInfraOutputs, type InfraOutputs } from '#libs/drivers';
import { createBootstrapAuthority, KeyRing, nodeNonce } from '#libs/pki';
import { StackEngine, StackFailed } from '#libs/stack';
import { Inject, Injectable } from '@nestjs/common';
import { ClusterIdentity, ownerSession } from '../../cloud/cluster-identity.js';
import { SETTINGS } from '../../tokens.js';
import { awaitedOf } from '../awaited.js';
import { apiAddress, clusterSpec, driverOf, groupSpec, nodeSpec, resolvedOf } from '../cluster-plan.js';
import type { OperationContext, Step } from '../operation.js';
import { SERVICE } from '../service-scope.js';
import { stackRef, stackRun } from '../stacks.js';

/** A port's address is a row for the API within this time: before its server has booted. */
const FIRST_SYNC_MS = 100;
const LAST_SYNC_MS = 1_000;

/** Ports and servers of all groups, one stack each, all at once: workers do not wait for masters. */
@Injectable()
export class NodeGroupsStep implements Step {
  readonly name = 'node-groups';

  constructor(
    private readonly engine: StackEngine,
    private readonly identity: ClusterIdentity,
    private readonly clusters: ClusterWorkRepository,
    private readonly nodes: NodesRepository,
    private readonly stacks: StacksRepository,
    private readonly secrets: SecretStore,
    private readonly uow: UnitOfWork,
    private readonly ring: KeyRing,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  async run(ctx: OperationContext): Promise<void> {
    const { cluster } = ctx;
    const resolved = resolvedOf(ctx.operation);
    if (!resolved) throw new Error('the step resolve has not run');
    const [cloud, groups, template, nodes, infrastructure, authority] = await Promise.all([
      ownerSession(this.identity, ctx),
      this.clusters.groups(SERVICE, cluster.uuid),
      this.clusters.template(cluster),
      this.nodes.ofCluster(SERVICE, cluster.uuid),
      this.stacks.load(SERVICE, cluster.stackId ?? ''),
      ensureBootstrapAuthority(this.uow, this.secrets, createBootstrapAuthority),
    ]);
    const infra = parseInfraOutputs(infrastructure?.stack.outputs);
    const spec = clusterSpec(cluster, groups, template, resolved);
    const driver = driverOf(resolved);
    const stackUuids = await this.ensureStackIds(ctx, groups);
    ctx.awaiting(() => awaitedOf([...stackUuids.values()].map((uuid) => this.engine.state(uuid))));

    // A group that fails stops the others: nothing new begins in any of them.
    const halt = new AbortController();
    const signal = AbortSignal.any([ctx.signal, halt.signal]);
    const makeGroup = async (group: NodeGroupEntity): Promise<void> => {
      const own = nodes.filter((node) => node.nodeGroupUuid === group.uuid);
      const plan = driver.nodeGroup(
        spec,
        groupSpec(group),
        own.map((node) => nodeSpec(node, group)),
        infra,
      );
      const hidden = Object.fromEntries(own.map((node) => [`user_data_${node.slot}`, this.userData(node, authority.certPem)]));
      try {
        await this.engine.apply(
          stackRef(cluster, stackUuids.get(group.uuid) ?? '', plan, group),
          stackRun(ctx, cloud, signal, hidden),
        );
      } catch (error) {
        if (error instanceof StackFailed) {
          await ctx.write((tx) => this.clusters.setGroup(tx, group.uuid, { statusReason: error.message }));
        }
        halt.abort(error);
        throw error;
      }
    };
    const made = Promise.allSettled(groups.map(makeGroup));
    await this.syncUntil(ctx, made, infra, spec.apiPort);
    const failed = (await made).find((result) => result.status === 'rejected');
    if (failed) throw halt.signal.aborted ? halt.signal.reason : failed.reason;
    await this.writeAddresses(ctx, groups);
  }

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

  private userData(node: NodeEntity, caPem: string): string {
    return renderUserData({
      nodeId: node.uuid,
      clusterId: node.clusterUuid,
      name: node.name,
      role: node.role,
      endpoint: this.settings.BOOTSTRAP_PUBLIC_URL,
      nonce: nodeNonce(this.ring, node.uuid),
      caPem,
    });
  }

  /**
   * While the stacks are made, carries what they learn over to the nodes' rows: the API gives a bundle to a node's own
   * addresses alone, and the first master's may be the address of the cluster.
   */
  private async syncUntil(ctx: OperationContext, made: Promise<unknown>, infra: InfraOutputs, apiPort: number): Promise<void> {
    const end = made.then(() => 'end');
    let missed = false;
    for (let ms = FIRST_SYNC_MS, state = ''; state !== 'end';) {
      state = await Promise.race([end, sleep(ms, 'look', { ref: false })]);
      if (ctx.signal.aborted) break;
      missed = false;
      const changed = await this.sync(ctx, infra, apiPort).catch((error: unknown) => {
        ctx.log.warn({ error: String(error) }, 'carrying addresses over failed');
        missed = true;
        return 0;
      });
      ms = changed > 0 ? FIRST_SYNC_MS : Math.min(LAST_SYNC_MS, ms * 1.5);
    }
    await end;
    // The last look must not be missed: nobody looks after it.
    if (missed) await this.sync(ctx, infra, apiPort);
  }

  private async sync(ctx: OperationContext, infra: InfraOutputs, apiPort: number): Promise<number> {
    return ctx.write(async (tx) => {
      const changed = await this.nodes.syncFromStacks(tx, ctx.cluster.uuid, infra.router_external_ips);
      if (changed > 0 && !infra.api_host) {
        const address = apiAddress(infra, await this.nodes.firstMasterIp(tx, ctx.cluster.uuid), apiPort);
        if (address) await this.clusters.set(tx, ctx.cluster.uuid, { apiAddress: address });
      }
      return changed;
    });
  }

  /**
   * As Magnum has them: floating addresses where nodes have such, private ones else. Read before the transaction: inside of
   * it a second connection of the pool would be needed, and all holders of one could wait for each other.
   */
  private async writeAddresses(ctx: OperationContext, groups: readonly NodeGroupEntity[]): Promise<void> {
    const nodes = await this.nodes.ofCluster(SERVICE, ctx.cluster.uuid);
    await ctx.write(async (tx) => {
      for (const group of groups) {
        const own = nodes.filter((node) => node.nodeGroupUuid === group.uuid);
        const nodeAddresses = own.map((node) => node.floatingIp ?? node.privateIp).filter((address) => address !== null);
        await this.clusters.setGroup(tx, group.uuid, { nodeAddresses });
      }
    });
  }
}
