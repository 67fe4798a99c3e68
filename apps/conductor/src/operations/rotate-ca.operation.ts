import { SIGNING_CA_PATH } from '#libs/bootstrap';
import {
  beginRotation,
  ClusterWorkRepository,
  endRotation,
  EventsRepository,
  findRotation,
  NodesRepository,
  ROTATION_PHASES,
  SecretStore,
  setRotationPhase,
  trustOf,
  type NodeEntity,
  type NodeGroupEntity,
  type Rotation,
  type RotationPhase,
  type StoredAuthorities,
  type StoredFailure,
  type Tx,
} from '#libs/db';
import type { ClusterClient } from '#libs/kubernetes';
import { createClusterAuthorities } from '#libs/pki';
import { Injectable } from '@nestjs/common';
import { ClusterKube } from '../kubernetes/cluster-kube.js';
import { isMaster } from './cluster-plan.js';
import { NodeChange } from './nodes/node-change.js';
import type { GroupNodes } from './nodes/node-stacks.js';
import { untouchedNodes } from './nodes/own-nodes.js';
import { ReplaceNodes } from './nodes/replace-nodes.js';
import { TakeBack } from './nodes/take-back.js';
import { assertHolder, type OperationContext, type OperationHandler, type Step } from './operation.js';
import { SERVICE } from './service-scope.js';
import { AccessStep } from './steps/access.step.js';
import { ControlPlane } from './upgrade/control-plane.js';
import { nextMove, type UpgradedNode } from './upgrade/upgrade-move.js';

const CERTIFICATE_MINUTES = 30;
/** Of a group of workers so many are replaced together. */
const BATCH_SHARE = 0.1;
/** Within X.520's 64 characters together with a mark that tells the new authority from the old one. */
const NAME_CHARACTERS = 55;

/** Whose machines each phase replaces, in this order. */
const REPLACED: Readonly<Record<RotationPhase, readonly ('masters' | 'workers')[]>> = {
  trust: ['masters', 'workers'],
  sign: ['masters'],
  renew: ['workers'],
  retire: ['masters'],
};

/**
 * A cluster gets new authorities and a new service-account key. Machines are not changed, they are replaced: the control plane
 * three times, the workers twice, so that at every moment whoever speaks to whom is believed. See ADR 23 and `RotationPhase`.
 *
 *   trust (both) ─> sign (by the new one) ─> renew (workers) ─> retire (the old one)
 */
@Injectable()
export class RotateCaOperation implements OperationHandler {
  readonly kind = 'rotate-ca';
  readonly steps: readonly Step[];

  constructor(
    private readonly clusters: ClusterWorkRepository,
    private readonly nodes: NodesRepository,
    private readonly events: EventsRepository,
    private readonly secrets: SecretStore,
    private readonly kube: ClusterKube,
    private readonly change: NodeChange,
    private readonly replace: ReplaceNodes,
    private readonly controlPlane: ControlPlane,
    private readonly takeBack: TakeBack,
    access: AccessStep,
  ) {
    this.steps = [
      { name: 'resolve', run: (ctx) => this.resolve(ctx) },
      { name: 'authorities', run: (ctx) => this.authorities(ctx) },
      ...ROTATION_PHASES.map((phase) => ({ name: phase, run: (ctx: OperationContext) => this.phase(ctx, phase) })),
      access,
      { name: 'addresses', run: (ctx) => this.addresses(ctx) },
    ];
  }

  async complete(ctx: OperationContext, tx: Tx): Promise<void> {
    const { cluster, operation } = ctx;
    const { authorities } = await this.current(ctx);
    await endRotation(this.secrets, tx, cluster.uuid, withoutTrust(authorities));
    await this.tell(ctx, tx, 'retired', `the old authorities of cluster ${cluster.name} are gone`);
    for (const { uuid, status } of await this.clusters.groupStatuses(tx, cluster.uuid)) {
      if (status.startsWith('DELETE_')) continue;
      await this.clusters.settleGroup(tx, { uuid, operationUuid: operation.uuid }, 'UPDATE_COMPLETE', null);
    }
    await this.clusters.settle(tx, cluster.uuid, operation.uuid);
  }

  /** The phase stands: everything that is there goes with everything else, and the next rotation goes on from it. */
  async fail(ctx: OperationContext, tx: Tx, failure: StoredFailure): Promise<void> {
    const { cluster, operation } = ctx;
    const groups = await this.clusters.allGroups(tx, cluster.uuid);
    for (const { uuid } of groups) await this.nodes.markUnreadyLeaving(tx, uuid);
    await this.nodes.unmarkLeaving(tx, untouchedNodes(ctx));
    const masters = groups.find(isMaster);
    if (masters) {
      await this.clusters.settleGroup(
        tx,
        { uuid: masters.uuid, operationUuid: operation.uuid },
        'UPDATE_FAILED',
        failure.message,
      );
    }
    await this.clusters.settle(tx, cluster.uuid, operation.uuid);
  }

  unwind(ctx: OperationContext): Promise<void> {
    return this.takeBack.run(ctx);
  }

  private async resolve(ctx: OperationContext): Promise<void> {
    const groups = await this.groups(ctx);
    await this.change.resolve(
      ctx,
      groups.map(({ uuid }) => uuid),
    );
  }

  /** Made once; a rotation that ended early goes on with those it has made. */
  private async authorities(ctx: OperationContext): Promise<void> {
    const { cluster, operation } = ctx;
    if ((await this.current(ctx)).rotation !== null) return;
    const next = await this.create(`${cluster.name.slice(0, NAME_CHARACTERS)} ${operation.uuid.slice(0, 8)}`);
    await ctx.write(async (tx) => {
      await beginRotation(this.secrets, tx, cluster.uuid, next);
      await this.tell(ctx, tx, 'trust', `cluster ${cluster.name} has new authorities, trusted beside the old ones`);
    });
  }

  protected create(name: string): Promise<StoredAuthorities> {
    return createClusterAuthorities(name);
  }

  private async phase(ctx: OperationContext, phase: RotationPhase): Promise<void> {
    const { rotation, authorities } = await this.current(ctx);
    if (rotation === null || isAfter(rotation, phase)) return;
    await this.announce(ctx, phase, authorities);
    for (const kind of REPLACED[phase]) {
      for (const group of await this.groups(ctx)) {
        if (isMaster(group) === (kind === 'masters')) await this.replaceGroup(ctx, group, rotation.since);
      }
    }
    const next = ROTATION_PHASES[ROTATION_PHASES.indexOf(phase) + 1];
    if (next) await this.enter(ctx, next);
    else await this.onlyNew(ctx, authorities);
  }

  /** All nodes that were made before: masters one at a time, workers in batches. */
  private async replaceGroup(ctx: OperationContext, group: NodeGroupEntity, madeBefore: Date): Promise<void> {
    const masters = isMaster(group);
    await this.replace.run(ctx, group.uuid, {
      next: async (own) => {
        const wanted = await this.change.wantedCount(ctx, own.group);
        const batch = masters ? 1 : Math.max(1, Math.floor(wanted * BATCH_SHARE));
        return nextMove(
          own.nodes.map((node) => replacedNode(node, madeBefore)),
          wanted,
          batch,
        );
      },
      ...(masters ? { settled: ({ nodes }: GroupNodes) => this.controlPlane.healthy(ctx, nodes) } : {}),
    });
  }

  /** What nodes that join find, before the first of them joins. */
  private async announce(ctx: OperationContext, phase: RotationPhase, { ca }: StoredAuthorities): Promise<void> {
    ctx.awaiting(() => 'the cluster to take its authorities');
    const forNew = phase === 'renew' || phase === 'retire' ? ca.certPem : trustOf(ca);
    await this.connected(ctx, async (client) => {
      await assertHolder(ctx);
      await client.setSigningCertificate(SIGNING_CA_PATH, { signal: ctx.signal });
      await assertHolder(ctx);
      await client.setJoiningTrust(forNew, { signal: ctx.signal });
    });
  }

  private async enter(ctx: OperationContext, phase: RotationPhase): Promise<void> {
    const { cluster } = ctx;
    await ctx.write(async (tx) => {
      await setRotationPhase(this.secrets, tx, cluster.uuid, phase);
      await this.tell(ctx, tx, phase, `the rotation of the authorities of cluster ${cluster.name} enters its phase ${phase}`);
    });
  }

  private async onlyNew(ctx: OperationContext, { ca, frontProxyCa }: StoredAuthorities): Promise<void> {
    await this.connected(ctx, async (client) => {
      await assertHolder(ctx);
      await client.setExtensionTrust({ clientPem: ca.certPem, frontProxyPem: frontProxyCa.certPem }, { signal: ctx.signal });
    });
  }

  private async addresses(ctx: OperationContext): Promise<void> {
    const groups = await this.groups(ctx);
    await this.change.tidy(
      ctx,
      groups.map(({ uuid }) => uuid),
    );
  }

  private async current(ctx: OperationContext): Promise<{ authorities: StoredAuthorities; rotation: Rotation | null }> {
    const found = await findRotation(this.secrets, ctx.cluster.uuid);
    if (!found) throw new Error('the cluster has no authorities');
    return found;
  }

  /** All that have nodes to speak of: not those that could not be deleted. */
  private async groups({ cluster }: OperationContext): Promise<NodeGroupEntity[]> {
    const groups = await this.clusters.groups(SERVICE, cluster.uuid);
    return groups.filter(({ status }) => !status.startsWith('DELETE_'));
  }

  private async connected<T>(ctx: OperationContext, work: (client: ClusterClient) => Promise<T>): Promise<T> {
    const client = await this.kube.connect(ctx.cluster, CERTIFICATE_MINUTES);
    try {
      return await work(client);
    } finally {
      await client.close();
    }
  }

  private async tell({ cluster, operation }: OperationContext, tx: Tx, phase: string, message: string): Promise<void> {
    await this.events.add(tx, {
      clusterUuid: cluster.uuid,
      projectId: cluster.projectId,
      operationUuid: operation.uuid,
      type: 'rotate-ca.phase',
      message,
      data: { phase },
    });
  }
}

function isAfter(rotation: Rotation, phase: RotationPhase): boolean {
  return ROTATION_PHASES.indexOf(rotation.phase) > ROTATION_PHASES.indexOf(phase);
}

/** They stand alone from now on. */
function withoutTrust({ ca, etcdCa, frontProxyCa, serviceAccount }: StoredAuthorities): StoredAuthorities {
  const alone = ({ certPem, keyPem }: StoredAuthorities['ca']): StoredAuthorities['ca'] => ({ certPem, keyPem });
  return { ca: alone(ca), etcdCa: alone(etcdCa), frontProxyCa: alone(frontProxyCa), serviceAccount };
}

function replacedNode(node: NodeEntity, madeBefore: Date): UpgradedNode & { readonly node: NodeEntity } {
  const { uuid, slot, leavingSince, readyAt, createdAt } = node;
  return { node, uuid, slot, leavingSince, readyAt, current: createdAt >= madeBefore };
}
