import { ClusterWorkRepository, EventsRepository, OperationsRepository, StacksRepository, type LoadedStack } from '#libs/db';
import { OperationFailure } from '#libs/domain';
import type { CloudSession } from '#libs/openstack';
import { Stacks } from '#libs/stack';
import { Injectable } from '@nestjs/common';
import { ClusterIdentity, ownerSession } from '../../cloud/cluster-identity.js';
import { awaitedOf } from '../awaited.js';
import { isMaster } from '../cluster-plan.js';
import { NodeChange } from '../nodes/node-change.js';
import type { OperationContext } from '../operation.js';
import { SERVICE } from '../service-scope.js';
import { stackRun } from '../stacks.js';

/** What a group of masters has beside its machines. */
const BESIDE_MACHINES: readonly string[] = [
  'OS::Octavia::PoolMember',
  'OS::Neutron::FloatingIPAssociation',
  'OS::Nova::ServerGroup',
];
const FLOATING_IP = 'OS::Neutron::FloatingIP';
const LOAD_BALANCER = 'OS::Octavia::LoadBalancer';
const MOST_NAMED = 20;

/**
 * What nodes stand on is as it was made: network, security groups, load balancer, and the ways from it to the masters. The
 * templates are the stored ones: a repair changes nothing that nobody has touched.
 */
@Injectable()
export class MendStacks {
  constructor(
    private readonly identity: ClusterIdentity,
    private readonly clusters: ClusterWorkRepository,
    private readonly stacks: StacksRepository,
    private readonly operations: OperationsRepository,
    private readonly events: EventsRepository,
    private readonly backends: Stacks,
    private readonly change: NodeChange,
  ) {}

  /** @throws OperationFailure `api-address-lost`: nodes and users know the cluster by an address that is gone */
  async run(ctx: OperationContext): Promise<void> {
    const { cluster } = ctx;
    if (!cluster.stackId) return;
    const cloud = await ownerSession(this.identity, ctx);
    await this.tell(ctx, await this.backends.check({ uuid: cluster.stackId }, stackRun(ctx, cloud)));
    const infrastructure = await this.stacks.load(SERVICE, cluster.stackId);
    if (!infrastructure) return;
    await this.assertAddressKept(ctx, infrastructure, cloud);
    await this.mendInfrastructure(ctx, infrastructure, cloud);
    await this.mendMasters(ctx, cloud);
  }

  private async mendInfrastructure(ctx: OperationContext, { stack }: LoadedStack, cloud: CloudSession): Promise<void> {
    if (stack.status === 'COMPLETE') return;
    ctx.awaiting(() => awaitedOf([this.backends.state(stack.uuid)]));
    const { uuid, name, clusterUuid, projectId, nodeGroupUuid, template, parameters } = stack;
    const given = parameters as Record<string, string>;
    await this.backends.apply(
      { uuid, name, clusterUuid, clusterName: ctx.cluster.name, projectId, nodeGroupUuid, template, parameters: given },
      stackRun(ctx, cloud),
    );
  }

  private async mendMasters(ctx: OperationContext, cloud: CloudSession): Promise<void> {
    const groups = (await this.clusters.groups(SERVICE, ctx.cluster.uuid)).filter(isMaster);
    for (const { uuid, stackId } of groups) {
      if (!stackId) continue;
      const found = await this.backends.check({ uuid: stackId }, stackRun(ctx, cloud), (type) => BESIDE_MACHINES.includes(type));
      await this.tell(ctx, found);
      const now = await this.stacks.load(SERVICE, stackId);
      if (now && now.stack.status !== 'COMPLETE') await this.change.grow(ctx, [uuid]);
    }
  }

  /** A new address would be another one: certificates, kubelets and kubeconfigs have the old one in them. */
  private async assertAddressKept(ctx: OperationContext, { resources }: LoadedStack, cloud: CloudSession): Promise<void> {
    const lost = resources.filter((row) => row.status === 'FAILED' && row.physicalId === null);
    const floatingIp = lost.find((row) => row.type === FLOATING_IP);
    if (floatingIp) {
      const key = `jeroboam:${ctx.cluster.uuid}:${floatingIp.uuid}`;
      const described = await cloud.network.floatingIps.list({ description: key });
      if (described.some((one) => one.description === key)) return;
      const address = String(floatingIp.attributes['floating_ip_address']);
      const hint = `allocate the floating IP ${address} again, with the description ${key}; then repair`;
      throw addressLost(address, 'its floating IP is gone', hint);
    }
    const loadBalancer = lost.find((row) => row.type === LOAD_BALANCER);
    if (!loadBalancer || resources.some((row) => row.type === FLOATING_IP)) return;
    const vip = String(loadBalancer.attributes['vip_address']);
    throw addressLost(vip, 'its load balancer is gone', 'make a new cluster and move to it');
  }

  private async tell(ctx: OperationContext, found: readonly string[]): Promise<void> {
    if (found.length === 0) return;
    const { cluster, operation } = ctx;
    const before = (operation.request['mended'] as readonly string[] | undefined) ?? [];
    const mended = [...new Set([...before, ...found])].slice(0, MOST_NAMED);
    await ctx.write(async (tx) => {
      await this.operations.addToRequest(tx, operation.uuid, { mended });
      await this.operations.addToResult(tx, operation.uuid, { mended });
      await this.events.add(
        tx,
        ...found.slice(0, MOST_NAMED).map((message) => ({
          clusterUuid: cluster.uuid,
          projectId: cluster.projectId,
          operationUuid: operation.uuid,
          type: 'repair.mending',
          level: 'warning' as const,
          message,
        })),
      );
    });
    operation.request = { ...operation.request, mended };
  }
}

function addressLost(address: string, why: string, hint: string): OperationFailure {
  const words = `infrastructure: the address of the cluster’s API, ${address}, is lost: ${why}`;
  return new OperationFailure('api-address-lost', words, { step: 'infrastructure', object: `address ${address}`, hint });
}
