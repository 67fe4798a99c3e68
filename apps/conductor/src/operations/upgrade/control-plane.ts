import { EventsRepository, NodesRepository, type NodeEntity, type NodeGroupEntity } from '#libs/db';
import { apiCarrier } from '#libs/drivers';
import {
  hostOf,
  isEtcdMemberOf,
  isRetryable,
  KubernetesError,
  type ClusterClient,
  type EtcdMember,
  type EtcdSnapshot,
} from '#libs/kubernetes';
import { Injectable } from '@nestjs/common';
import { ClusterKube } from '../../kubernetes/cluster-kube.js';
import { Wake } from '../../wake.js';
import { boundedList } from '../awaited.js';
import { NodeChange } from '../nodes/node-change.js';
import { NodeStacks } from '../nodes/node-stacks.js';
import { assertHolder, type OperationContext } from '../operation.js';

const CERTIFICATE_MINUTES = 30;
const FIRST_LOOK_MS = 200;
const LAST_LOOK_MS = 3_000;
const SNAPSHOT_TRIES = 3;

/**
 * What masters need beyond what all nodes do. A new one: etcd is whole before it comes and after. An old one goes like this,
 * so that the API answers all the time and etcd keeps its majority:
 *
 *   out of the load balancer, or the floating IP moves ─> drained ─> out of etcd ─> server away
 */
@Injectable()
export class ControlPlane {
  constructor(
    private readonly kube: ClusterKube,
    private readonly nodes: NodesRepository,
    private readonly events: EventsRepository,
    private readonly change: NodeChange,
    private readonly stacks: NodeStacks,
  ) {}

  /** Which version masters that join from now on are made with. Says so before the first of them. */
  async announce(ctx: OperationContext, version: string): Promise<void> {
    await this.connected(ctx, async (client) => {
      await assertHolder(ctx);
      if (!(await client.setClusterVersion(version, { signal: ctx.signal }))) return;
      await this.tell(ctx, `control planes that join are made with Kubernetes ${version}`, { version });
    });
  }

  /** The parts of Kubernetes that are not on a master of their own follow it. */
  async follow(ctx: OperationContext, version: string): Promise<void> {
    await this.connected(ctx, async (client) => {
      await assertHolder(ctx);
      if (await client.setKubeProxyVersion(version, { signal: ctx.signal })) {
        await this.tell(ctx, `kube-proxy goes to Kubernetes ${version}`, { version });
      }
    });
  }

  /**
   * Until every master that stands is a voting member of etcd that answers; members nobody stands for are taken out.
   * @param except uuids of masters that need not
   */
  async healthy(ctx: OperationContext, masters: readonly NodeEntity[], except: ReadonlySet<string> = new Set()): Promise<void> {
    const standing = masters.filter((node) => node.leavingSince === null && node.readyAt !== null && !except.has(node.uuid));
    let missing = standing.map((node) => node.name);
    let trouble = '';
    ctx.awaiting(() => `etcd on ${boundedList(missing.map((name) => `node ${name}`))}${trouble && `: ${trouble}`}`);
    const wake = new Wake();
    for (let ms = FIRST_LOOK_MS; ; ms = Math.min(LAST_LOOK_MS, ms * 1.5)) {
      try {
        await this.connected(ctx, async (client) => {
          const members = await this.clean(ctx, client, masters);
          const voting = new Set(members.filter((member) => member.answers && !member.learner).map((member) => member.name));
          missing = standing.map((node) => node.name).filter((name) => !voting.has(name));
        });
        if (missing.length === 0) return;
        trouble = '';
      } catch (error) {
        ctx.signal.throwIfAborted();
        if (!isRetryable(error)) throw error;
        trouble = error instanceof Error ? error.message : String(error);
      }
      await wake.wait(ms, ctx.signal);
    }
  }

  /**
   * A snapshot of etcd before something is done to it. Where none can be had, the step is taken all the same: every old member
   * stands until etcd is whole without it. The warning says so.
   * @param lasting names of masters, the one that stays the longest first
   */
  async snapshot(ctx: OperationContext, lasting: readonly string[]): Promise<EtcdSnapshot | null> {
    ctx.awaiting(() => 'etcd to write a snapshot');
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.connected(ctx, async (client) => {
          await assertHolder(ctx);
          const saved = await client.saveEtcdSnapshot(lasting, { signal: ctx.signal });
          const size = `${Math.ceil(saved.bytes / 1024)} KiB, revision ${saved.revision}`;
          await this.tell(ctx, `snapshot of etcd (${size}) on node ${saved.nodeName}: ${saved.path}`, { ...saved });
          return saved;
        });
      } catch (error) {
        ctx.signal.throwIfAborted();
        if (!(error instanceof KubernetesError)) throw error;
        if (attempt < SNAPSHOT_TRIES && isRetryable(error)) {
          await new Wake().wait(FIRST_LOOK_MS * attempt, ctx.signal);
          continue;
        }
        await this.tell(
          ctx,
          `no snapshot of etcd before this step: ${error.words}`,
          { reason: error.reason },
          undefined,
          'warning',
        );
        return null;
      }
    }
  }

  /** Uuids of those whose etcd is silent, or who are no members of it. @throws KubernetesError nobody answers: later, perhaps */
  async silent(ctx: OperationContext, masters: readonly NodeEntity[]): Promise<Set<string>> {
    return this.connected(ctx, async (client) => {
      const members = await client.etcdMembers({ signal: ctx.signal });
      const answering = new Set(members.filter((member) => member.answers).map((member) => member.name));
      return new Set(masters.filter((node) => !answering.has(node.name)).map((node) => node.uuid));
    });
  }

  /**
   * Takes masters away for good. May be repeated at any point.
   * @throws KubernetesError `EtcdNoMajority`: those who stay would be no majority; later, perhaps
   */
  async leave(ctx: OperationContext, group: NodeGroupEntity, leaving: readonly NodeEntity[]): Promise<void> {
    // One that failed to join may vote all the same: its machine must not go before.
    await this.outOfEtcd(
      ctx,
      leaving.filter((node) => node.joinedAt === null),
    );
    await this.standAside(ctx, group);
    await this.change.drain(ctx, [group.uuid]);
    await this.outOfEtcd(ctx, leaving);
    await this.change.shrink(ctx, [group.uuid]);
  }

  private async outOfEtcd(ctx: OperationContext, leaving: readonly NodeEntity[]): Promise<void> {
    if (leaving.length === 0) return;
    ctx.awaiting(() => `etcd to let go of ${boundedList(leaving.map((node) => `node ${node.name}`))}`);
    await this.connected(ctx, async (client) => {
      for (const { name, privateIp, uuid } of leaving) {
        // A member is known by its node's name, and the next master of that name may be one long ago.
        await assertHolder(ctx);
        const was = await client.removeEtcdMember({ nodeName: name, address: privateIp }, { signal: ctx.signal });
        if (was) await this.tell(ctx, `node ${name} is no member of etcd any more`, { node: name }, uuid);
      }
    });
  }

  /** Nobody is led to the leaving ones any more; those that never joined go at once, they must not join any more. */
  private async standAside(ctx: OperationContext, group: NodeGroupEntity): Promise<void> {
    const [own] = await this.change.groupNodes(ctx, [group.uuid]);
    if (!own) return;
    const whole = await this.change.wholeServers(group);
    const stays = (node: NodeEntity): boolean => node.leavingSince === null || (node.joinedAt !== null && whole.has(node.name));
    await this.stacks.apply(ctx, [{ group: own.group, nodes: own.nodes.filter(stays) }]);
    const floatingIp = own.nodes.find((node) => node.floatingIp !== null)?.floatingIp;
    const carrier = apiCarrier(
      own.nodes.map((node) => ({ node, slot: node.slot, joined: node.joinedAt !== null, leaving: node.leavingSince !== null })),
    )?.node;
    if (!floatingIp || !carrier || carrier.floatingIp === floatingIp) return;
    await ctx.write((tx) => this.nodes.moveFloatingIp(tx, ctx.cluster.uuid, carrier.uuid, floatingIp));
    await this.tell(ctx, `the API's address ${floatingIp} is on node ${carrier.name} now`, { node: carrier.name }, carrier.uuid);
  }

  /** A join that failed may have left a member, which would count against the majority and keep others from joining. */
  private async clean(ctx: OperationContext, client: ClusterClient, masters: readonly NodeEntity[]): Promise<EtcdMember[]> {
    const members = await client.etcdMembers({ signal: ctx.signal });
    const known = (member: EtcdMember): boolean =>
      masters.some((node) => isEtcdMemberOf(member, { nodeName: node.name, address: node.privateIp }));
    for (const member of members.filter((one) => !one.answers && !known(one))) {
      const address = hostOf(member.peerUrls[0] ?? '');
      // Or it is a new one, of whoever has the lease now.
      await assertHolder(ctx);
      if (!(await client.removeEtcdMember({ nodeName: member.name, address }, { signal: ctx.signal }))) continue;
      await this.tell(ctx, `etcd had a member without a node: ${member.name || address}`, { member: member.id });
    }
    return members;
  }

  private async connected<T>(ctx: OperationContext, work: (client: ClusterClient) => Promise<T>): Promise<T> {
    const client = await this.kube.connect(ctx.cluster, CERTIFICATE_MINUTES);
    try {
      return await work(client);
    } finally {
      await client.close();
    }
  }

  private async tell(
    ctx: OperationContext,
    message: string,
    data: Record<string, unknown>,
    nodeUuid?: string,
    level: 'info' | 'warning' = 'info',
  ): Promise<void> {
    const { cluster, operation } = ctx;
    await ctx.write((tx) =>
      this.events.add(tx, {
        clusterUuid: cluster.uuid,
        projectId: cluster.projectId,
        operationUuid: operation.uuid,
        nodeUuid: nodeUuid ?? null,
        type: `${operation.kind}.control-plane`,
        level,
        message,
        data,
      }),
    );
  }
}
