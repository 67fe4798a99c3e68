import { groupPrefix } from '#libs/domain';
import type { NodeEntity, NodeGroupEntity, StackTree, TreeResource, TreeStack } from '#libs/db';
import {
  nodesResource,
  nodesStackName,
  nodeStackName,
  reasonOf,
  serverResource,
  stackName,
  type HeatStack,
  type StackAddress,
  type StackCommon,
} from './heat-stack.js';
import { bootstrapState, markOf, nodeState, type NodeState } from './node-state.js';

export interface HeatResource extends NodeState {
  readonly name: string;
  readonly type: string;
  readonly physicalId: string;
  readonly createdAt: Date;
  readonly updatedAt: Date | null;
  readonly stack: StackAddress;
  readonly nested: StackAddress | null;
  /** Name of the resource that the stack is in the one above it. */
  readonly parent: string | null;
  readonly requiredBy: readonly string[];
  /** The row that it shows; null: it has none. */
  readonly row: TreeResource | null;
  /** Whose it is. */
  readonly node: NodeEntity | null;
}

const NODE_TYPE = 'Jeroboam::Kubernetes::Node';
const BOOTSTRAP = { name: 'node_config_deployment', type: 'Jeroboam::Kubernetes::NodeBootstrap' };
const GROUP_TYPE = 'OS::Heat::ResourceGroup';

/** A cluster's rows as stacks within stacks. Pure: everything it needs is given. */
export class ClusterStacksView {
  private readonly rowsOf: ReadonlyMap<string, readonly TreeResource[]>;
  private readonly nodesOf: ReadonlyMap<string, readonly NodeEntity[]>;
  /** By group and slot. */
  private readonly nodeAt: ReadonlyMap<string, NodeEntity>;

  constructor(
    readonly tree: StackTree,
    nodes: readonly NodeEntity[] = [],
    rows: readonly TreeResource[] = [],
  ) {
    this.rowsOf = groupedBy(rows, ({ stackUuid }) => stackUuid);
    this.nodesOf = groupedBy(nodes, ({ nodeGroupUuid }) => nodeGroupUuid);
    this.nodeAt = new Map(nodes.map((node) => [`${node.nodeGroupUuid}/${node.slot}`, node]));
  }

  nodes(): NodeEntity[] {
    return [...this.nodeAt.values()];
  }

  /** Those that have rows, then with `nested` those of groups and nodes. */
  stacks(nested: boolean): HeatStack[] {
    const { groups, stacks } = this.tree;
    const top = stacks.map((row) => this.ofRow(row));
    if (!nested) return top;
    const nodes = groups.flatMap((group) => [
      this.ofGroup(group),
      ...(this.nodesOf.get(group.uuid) ?? []).map((node) => this.ofNode(group, node)),
    ]);
    return [...top, ...nodes];
  }

  find(matches: (stack: StackAddress) => boolean): HeatStack | undefined {
    return this.stacks(true).find(matches);
  }

  /** @param depth how many levels below are wanted too */
  resources(stack: HeatStack, depth: number, parent: string | null = null): HeatResource[] {
    if (stack.kind === 'node') return this.ofOneNode(stack.group, stack.node, parent ?? String(stack.node.slot));
    if (stack.kind === 'nodes') return this.slots(stack, depth, parent ?? nodesResource(stack.group));
    const rows = this.rowsOf.get(stack.id) ?? [];
    const own = stack.group ? rows.filter((row) => this.nodeOf(stack.group as NodeGroupEntity, row) === null) : rows;
    const groups = stack.group ? [stack.group] : this.tree.groups;
    const shown = groups.map((group) => this.groupResource(stack, group));
    const below =
      depth > 0
        ? groups.flatMap((group, index) => this.resources(this.ofGroup(group), depth - 1, shown[index]?.name ?? null))
        : [];
    return [...own.map((row) => this.shown(stack, row, rows, parent)), ...shown, ...below];
  }

  /** By its name or the id of what it stands for; rows of a group's stack are found in it too, though they are shown nested. */
  resource(stack: HeatStack, ident: string): HeatResource | undefined {
    const found = named(this.resources(stack, 0), ident);
    if (found || stack.kind !== 'row') return found;
    const rows = this.rowsOf.get(stack.id) ?? [];
    const row = named(rows, ident);
    return row && { ...this.shown(stack, row, rows, null), node: stack.group && this.nodeOf(stack.group, row) };
  }

  /** What the nodes of a group are: slot -> server; as Magnum's templates, the resource's name while there is no server. */
  refsMap(group: NodeGroupEntity): Record<string, string> {
    const nodes = this.nodesOf.get(group.uuid) ?? [];
    return Object.fromEntries(nodes.map(({ slot, serverId }) => [String(slot), serverId ?? serverResource(group)]));
  }

  /** Names of a node's resources in the stack of its group. */
  namesOfNode(group: NodeGroupEntity, node: NodeEntity): string {
    return `${groupPrefix(group)}-${node.slot}`;
  }

  ofRow(row: TreeStack): HeatStack {
    const group = this.tree.groups.find(({ uuid }) => uuid === row.nodeGroupUuid) ?? null;
    const status = `${row.action}_${row.status}`;
    const name = row.nodeGroupUuid !== null && !group ? row.name : stackName(this.tree.cluster, group);
    return {
      ...this.common(name, row.uuid, null, status, row.statusReason, row),
      kind: 'row',
      row,
      group,
    };
  }

  ofGroup(group: NodeGroupEntity): HeatStack & { kind: 'nodes' } {
    const name = nodesStackName(this.tree.cluster, group);
    const parent = group.stackId ?? this.tree.cluster.stackId;
    return { ...this.common(name, group.uuid, parent, group.status, group.statusReason, group), kind: 'nodes', group };
  }

  ofNode(group: NodeGroupEntity, node: NodeEntity): HeatStack & { kind: 'node' } {
    const name = nodeStackName(this.tree.cluster, group, node.slot);
    const { status, reason } = nodeState(node, this.rowsOfNode(group, node));
    const told = reason === 'state changed' ? null : reason;
    return { ...this.common(name, node.uuid, group.uuid, status, told, node), kind: 'node', group, node };
  }

  private common(
    name: string,
    id: string,
    parent: string | null,
    status: string,
    reason: string | null,
    { createdAt, updatedAt }: { createdAt: Date; updatedAt: Date | null },
  ): StackCommon {
    const { projectId, userId: owner } = this.tree.cluster;
    return { projectId, name, id, parent, status, reason: reasonOf(status, reason), createdAt, updatedAt, owner };
  }

  private groupResource(stack: HeatStack, group: NodeGroupEntity): HeatResource {
    const nested = this.ofGroup(group);
    // In the cluster's stack further groups need further names.
    const name =
      nodesResource(group) + (stack.kind === 'row' && !stack.group && !group.isDefault ? `-${groupPrefix(group)}` : '');
    return { ...this.virtual(stack, name, GROUP_TYPE, nested), nested };
  }

  private slots(stack: HeatStack & { kind: 'nodes' }, depth: number, parent: string): HeatResource[] {
    const nodes = this.nodesOf.get(stack.group.uuid) ?? [];
    const inside = nodes.map((node) => this.ofNode(stack.group, node));
    return [
      ...inside.map((nested) => ({
        ...this.virtual(stack, String(nested.node.slot), NODE_TYPE, nested),
        ...nodeState(nested.node, this.rowsOfNode(stack.group, nested.node)),
        nested,
        node: nested.node,
        parent,
      })),
      ...(depth > 0 ? inside.flatMap((nested) => this.resources(nested, depth - 1)) : []),
    ];
  }

  private ofOneNode(group: NodeGroupEntity, node: NodeEntity, parent: string): HeatResource[] {
    const stack = this.ofNode(group, node);
    const rows = this.rowsOfNode(group, node);
    const server = this.namesOfNode(group, node);
    const shown = rows.map((row) => ({
      ...this.shown(stack, row, rows, parent),
      ...(row.name === server ? { name: serverResource(group), ...markOf(node) } : {}),
      node,
    }));
    const bootstrap = { ...this.virtual(stack, BOOTSTRAP.name, BOOTSTRAP.type, stack), ...bootstrapState(node) };
    return [...shown, { ...bootstrap, physicalId: node.uuid, node, parent }];
  }

  private shown(stack: StackAddress, row: TreeResource, all: readonly TreeResource[], parent: string | null): HeatResource {
    return {
      name: row.name,
      type: row.type,
      physicalId: row.physicalId ?? '',
      status: `${row.action}_${row.status}`,
      reason: row.statusReason ?? 'state changed',
      createdAt: row.createdAt,
      updatedAt: row.updatedAt,
      stack,
      nested: null,
      parent,
      requiredBy: all.filter(({ requires }) => requires.includes(row.uuid)).map(({ name }) => name),
      row,
      node: null,
    };
  }

  private virtual(stack: StackAddress, name: string, type: string, of: HeatStack): HeatResource {
    const { id: physicalId, status, reason, createdAt, updatedAt } = of;
    return { name, type, physicalId, status, reason, createdAt, updatedAt, stack, nested: null, parent: null, requiredBy: [], row: null, node: null }; // prettier-ignore
  }

  private rowsOfNode(group: NodeGroupEntity, node: NodeEntity): readonly TreeResource[] {
    return this.bySlot(group).get(node.slot) ?? [];
  }

  private readonly slotted = new Map<string, ReadonlyMap<number, TreeResource[]>>();

  /** Once for each group: nodes by the thousand ask for their rows. */
  private bySlot(group: NodeGroupEntity): ReadonlyMap<number, TreeResource[]> {
    const known = this.slotted.get(group.uuid);
    if (known) return known;
    const rows = this.rowsOf.get(group.stackId ?? '') ?? [];
    const slotted = groupedBy(rows, (row) => slotOf(group, row));
    this.slotted.set(group.uuid, slotted);
    return slotted;
  }

  private nodeOf(group: NodeGroupEntity, row: TreeResource): NodeEntity | null {
    return this.nodeAt.get(`${group.uuid}/${slotOf(group, row)}`) ?? null;
  }
}

/** `worker-3`, `worker-3-port`, `worker-3~1` are of slot 3. -1: of no node. */
function slotOf(group: NodeGroupEntity, { name }: TreeResource): number {
  const prefix = `${groupPrefix(group)}-`;
  const slot = name.startsWith(prefix) ? /^(\d+)(?=-|~|$)/.exec(name.slice(prefix.length))?.[1] : undefined;
  return slot === undefined ? -1 : Number(slot);
}

function named<T extends { readonly name: string; readonly physicalId: string | null }>(
  all: readonly T[],
  ident: string,
): T | undefined {
  return all.find(({ name }) => name === ident) ?? all.find(({ physicalId }) => physicalId === ident && ident !== '');
}

function groupedBy<K, T>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
