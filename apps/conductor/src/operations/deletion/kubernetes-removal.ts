import { deletionRequest } from '#libs/domain';
import { ClusterRemovalRepository } from '#libs/db';
import {
  absent,
  findKubernetesMade,
  isConflict,
  isBadRequest,
  isRetryable,
  isSideEffectUnknown,
  planRemoval,
  type CloudSession,
  type KeptObject,
  type KubernetesMade,
  type MadeObject,
  type RemovalPlan,
  type ServiceName,
  type Volume,
} from '#libs/openstack';
import { Injectable } from '@nestjs/common';
import { isOwnerGone, type ActingAs } from '../../cloud/deleting-session.js';
import type { OperationContext } from '../operation.js';
import { networkOf } from './cluster-network.js';

const AT_ONCE = 16;

/** How one look at the cloud ended. */
export interface Pass {
  readonly plan: RemovalPlan;
  /** What refuses, by id: in whose words, and whether waiting may help. */
  readonly refusals: ReadonlyMap<string, Refusal>;
  readonly unanswered: ReadonlyMap<ServiceName, unknown>;
}

export interface Refusal {
  readonly object: MadeObject;
  readonly words: string;
  readonly final: boolean;
  readonly cause?: unknown;
}

/**
 * Brings what Kubernetes has made a step nearer to being gone, by what the cloud shows now and not by what was done before:
 * it may be called at any time and by whoever comes next, and sees what has been made in between.
 */
@Injectable()
export class KubernetesRemoval {
  constructor(private readonly rows: ClusterRemovalRepository) {}

  /** What is there and what is to become of it. Nothing is changed. */
  async look(
    ctx: OperationContext,
    { session, last }: ActingAs,
    extraKept: ReadonlyMap<string, string> = new Map(),
  ): Promise<{ made: KubernetesMade; plan: RemovalPlan; unanswered: Map<ServiceName, unknown> }> {
    const { uuid: clusterUuid, projectId } = ctx.cluster;
    const { force, keepVolumes, keepLoadBalancers } = deletionRequest(ctx.operation.request);
    const unanswered = new Map<ServiceName, unknown>();
    const skip = (service: ServiceName, error: unknown): void => {
      if (!last && isOwnerGone(error)) throw error;
      unanswered.set(service, error);
    };
    const unless = force ? skip : undefined;
    const [made, reclaim, standing] = await Promise.all([
      findKubernetesMade(session, { clusterUuid, projectId }, unless),
      this.rows.findReclaim(clusterUuid),
      this.rows.standing(clusterUuid),
    ]);
    const ownNetworkId = networkOf(standing)?.physicalId ?? null;
    const plan = planRemoval(made, { clusterUuid, keepVolumes, keepLoadBalancers, reclaim, ownNetworkId });
    return { made, plan: keepAlso(plan, extraKept), unanswered };
  }

  /**
   * Asks once for the removal of all that can be asked for now.
   * @param kept what turned out to be in others' use is added here
   * @param left is not tried any more
   * @param before called with what is to go, before anything is asked for
   */
  async pass(
    ctx: OperationContext,
    as: ActingAs,
    kept: Map<string, string>,
    left: (id: string) => boolean,
    before: (toGo: readonly MadeObject[]) => Promise<void>,
  ): Promise<Pass> {
    const { made, plan, unanswered } = await this.look(ctx, as, kept);
    await this.findUsers(as.session, made, plan, kept, unanswered, deletionRequest(ctx.operation.request).force);
    const settled = keepAlso(plan, kept);
    const toGo = settled.remove.filter(({ id }) => !left(id));
    await before(toGo);
    const refusals = new Map<string, Refusal>();
    await inParallel(toGo, async (object) => {
      ctx.signal.throwIfAborted();
      const refusal = await this.ask(as, object, made, toGo, kept);
      if (refusal) refusals.set(object.id, refusal);
    });
    return { plan: keepAlso({ ...settled, remove: toGo }, kept), refusals, unanswered };
  }

  /** Null: asked for, or nothing more to ask; else why it does not go now. */
  private async ask(
    { session, last }: ActingAs,
    object: MadeObject,
    made: KubernetesMade,
    toGo: readonly MadeObject[],
    kept: Map<string, string>,
  ): Promise<Refusal | null> {
    const waiting = waitsFor(object, made, toGo);
    if (waiting) return { object, words: waiting, final: false };
    try {
      await remove(session, object);
      return null;
    } catch (error) {
      if (!last && isOwnerGone(error)) throw error;
      const user = await this.userOf(session, object, error);
      if (user) {
        kept.set(object.id, user);
        return null;
      }
      const final = !isRetryable(error) && !isSideEffectUnknown(error) && !isConflict(error) && !isBadRequest(error);
      return { object, words: cloudWords(error), final, cause: error };
    }
  }

  /** Volumes on servers that are not the cluster's: its own have gone before. */
  private async findUsers(
    session: CloudSession,
    made: KubernetesMade,
    plan: RemovalPlan,
    kept: Map<string, string>,
    unanswered: Map<ServiceName, unknown>,
    force: boolean,
  ): Promise<void> {
    const toGo = new Set(plan.remove.map(({ id }) => id));
    const attached = made.volumes.filter((volume) => toGo.has(volume.id) && !kept.has(volume.id) && serversOf(volume).length > 0);
    const servers = [...new Set(attached.flatMap(serversOf))];
    const standing = new Map<string, string>();
    await inParallel(servers, async (id) => {
      try {
        const server = await absent(session.compute.servers.get(id));
        if (server && server.status !== 'DELETED') standing.set(id, server.name);
      } catch (error) {
        if (!force) throw error;
        unanswered.set('compute', error);
      }
    });
    for (const volume of attached) {
      const name = serversOf(volume).flatMap((id) => standing.get(id) ?? [])[0];
      if (name !== undefined) kept.set(volume.id, `attached to server ${name}, which stays`);
    }
  }

  /** Who uses what the cloud refuses to remove, when that is somebody who stays. */
  private async userOf(session: CloudSession, { type, id }: MadeObject, error: unknown): Promise<string | null> {
    if (type === 'volume' && isBadRequest(error)) {
      const snapshots = await session.volume.snapshots.list({ volume_id: id });
      const [one] = snapshots.filter((snapshot) => snapshot.volume_id === id);
      return one ? `has snapshot ${one.name || one.id}, which stays` : null;
    }
    if (type === 'security-group' && isConflict(error)) {
      const ports = await session.network.ports.list({ security_groups: id });
      const [one] = ports.filter((port) => port.security_groups.includes(id));
      return one ? `in use by port ${one.name || one.id}, which stays` : null;
    }
    return null;
  }
}

const serversOf = (volume: Volume): string[] => volume.attachments.flatMap(({ server_id }) => server_id ?? []);

/** Why it cannot be asked for yet. */
function waitsFor({ type, id }: MadeObject, made: KubernetesMade, toGo: readonly MadeObject[]): string | null {
  if (type === 'load-balancer') {
    const status = made.loadBalancers.find((one) => one.id === id)?.provisioning_status ?? '';
    return status.startsWith('PENDING') ? status : null;
  }
  if (type === 'volume') {
    const volume = made.volumes.find((one) => one.id === id);
    if (toGo.some((other) => made.snapshots.some((one) => one.id === other.id && one.volume_id === id))) return 'has snapshots';
    return volume && !/^(available|error)/.test(volume.status) ? volume.status : null;
  }
  if (type === 'snapshot') {
    const status = made.snapshots.find((one) => one.id === id)?.status ?? '';
    return /^(available|error)/.test(status) ? null : status;
  }
  if (type === 'floating-ip') {
    const port = made.floatingIps.find((one) => one.id === id)?.port_id;
    const onBalancer = made.loadBalancers.some(({ vip_port_id }) => port && vip_port_id === port);
    return onBalancer ? 'its load balancer is still there' : null;
  }
  return null;
}

/** Gone already is fine. @throws OpenStackError */
async function remove({ loadBalancer, network, volume }: CloudSession, { type, id }: MadeObject): Promise<void> {
  switch (type) {
    case 'load-balancer':
      return loadBalancer.loadBalancers.delete(id, { cascade: true });
    case 'floating-ip':
      return network.floatingIps.delete(id);
    case 'security-group':
      return network.securityGroups.delete(id);
    case 'volume':
      return volume.volumes.delete(id);
    case 'snapshot':
      return volume.snapshots.delete(id);
  }
}

function keepAlso(plan: RemovalPlan, kept: ReadonlyMap<string, string>): RemovalPlan {
  const extra = plan.remove.flatMap((object): KeptObject[] => {
    const reason = kept.get(object.id);
    return reason === undefined ? [] : [{ ...object, reason }];
  });
  if (extra.length === 0) return plan;
  return { ...plan, remove: plan.remove.filter(({ id }) => !kept.has(id)), keep: [...plan.keep, ...extra] };
}

const cloudWords = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const worker = async (): Promise<void> => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker));
}
