import type { RequestContext } from '#libs/domain';
import { EventsRepository, NodesRepository, UnitOfWork, type NodeEntity } from '#libs/db';
import { Injectable } from '@nestjs/common';
import { Policy } from '../policy/policy.js';
import { RepairCluster } from '../v1/clusters/repair-cluster.js';
import { HeatBadRequest, StacksAreReadOnly } from './heat-faults.js';
import { ShowStack, type StackPath } from './show-stack.js';

const MOST_REASON = 500;
/** What clients send with an update that changes nothing: Heat then mends what is marked. */
const HARMLESS = ['existing', 'disable_rollback', 'timeout_mins', 'converge'];

/**
 * The two writes there are, those of magnum-auto-healer: a resource is marked, then its stack is updated as it stands. Here
 * the node is marked to which the resource belongs, and the update is a repair of the marked nodes.
 */
@Injectable()
export class MarkNode {
  constructor(
    private readonly policy: Policy,
    private readonly shower: ShowStack,
    private readonly nodes: NodesRepository,
    private readonly events: EventsRepository,
    private readonly uow: UnitOfWork,
    private readonly repair: RepairCluster,
  ) {}

  /** @param body `{"mark_unhealthy": bool, "resource_status_reason": text}`. @throws HeatBadRequest, ResourceNotFound, StacksAreReadOnly */
  async mark(ctx: RequestContext, path: StackPath, ident: string, body: unknown): Promise<void> {
    const { unhealthy, reason } = readMark(body);
    const { resource, opened } = await this.shower.resource(ctx, path, ident);
    const { cluster } = opened.view.tree;
    this.policy.enforce(ctx, 'cluster:repair', cluster);
    const { node } = resource;
    if (!node) throw new StacksAreReadOnly(['GET'], 'Only nodes and what belongs to a node can be marked.');
    await this.uow.run(async (tx) => {
      const news = unhealthy
        ? await this.nodes.markUnhealthy(tx, node.uuid, reason)
        : await this.nodes.markHealthy(tx, node.uuid);
      if (!news) return;
      await this.events.add(tx, {
        clusterUuid: cluster.uuid,
        projectId: cluster.projectId,
        nodeUuid: node.uuid,
        type: unhealthy ? 'node.unhealthy' : 'node.healthy',
        level: unhealthy ? 'warning' : 'info',
        message: unhealthy ? `node ${node.name} was marked unhealthy: ${reason}` : `node ${node.name} was marked healthy`,
      });
    });
  }

  /** @throws HeatBadRequest, StacksAreReadOnly; whatever a repair is refused with */
  async mend(ctx: RequestContext, path: StackPath, body: unknown): Promise<void> {
    const given = Object.entries(asObject(body ?? {})).filter(([name, value]) => !HARMLESS.includes(name) && !isEmpty(value));
    if (given.length > 0) throw new StacksAreReadOnly(['GET']);
    const { stack, view } = await this.shower.open(ctx, path, { depth: 9, resources: false });
    const { cluster } = view.tree;
    this.policy.enforce(ctx, 'cluster:repair', cluster);
    const whole = stack.kind === 'row' && !stack.group;
    const nodes = view.nodes().filter((node) => whole || isWithin(stack, node));
    const marked = nodes.filter((node) => node.unhealthySince !== null && node.leavingSince === null);
    // As with Heat: an update of what is as it should be changes nothing.
    if (marked.length > 0) await this.repair.run(ctx, cluster.uuid, { nodes: marked.map(({ uuid }) => uuid) });
  }
}

type Opened = Awaited<ReturnType<ShowStack['open']>>['stack'];

const isWithin = (stack: Opened, node: NodeEntity): boolean =>
  stack.kind === 'node' ? stack.node.uuid === node.uuid : stack.group?.uuid === node.nodeGroupUuid;

function readMark(body: unknown): { unhealthy: boolean; reason: string } {
  const given = asObject(body);
  const unknown = Object.keys(given).filter((name) => name !== 'mark_unhealthy' && name !== 'resource_status_reason');
  if (unknown.length > 0) throw new HeatBadRequest(`Invalid keys in resource mark unhealthy {'${unknown.join("', '")}'}`);
  const { mark_unhealthy: mark, resource_status_reason: reason } = given;
  if (mark === undefined) throw new HeatBadRequest('Missing mandatory (mark_unhealthy) key from mark unhealthy request');
  const text = JSON.stringify(mark).replaceAll('"', '').toLowerCase();
  if (text !== 'true' && text !== 'false')
    throw new HeatBadRequest(`Unrecognized value "${text}" for "mark_unhealthy", acceptable values are: true, false`);
  const told = typeof reason === 'string' ? reason.replaceAll('\0', '').slice(0, MOST_REASON) : '';
  return { unhealthy: text === 'true', reason: told || 'marked unhealthy' };
}

function asObject(body: unknown): Record<string, unknown> {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new HeatBadRequest('The body must be a JSON object.');
  return body as Record<string, unknown>;
}

const isEmpty = (value: unknown): boolean =>
  value === null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0);
