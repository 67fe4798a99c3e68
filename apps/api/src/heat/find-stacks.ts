import type { RequestContext, Scope } from '#libs/domain';
import { isUuidText, StackTreeRepository, type ListedStack, type NodeGroupEntity, type StackTree } from '#libs/db';
import { Injectable } from '@nestjs/common';
import { ClusterStacksView } from './cluster-stacks-view.js';
import { HeatAccess } from './heat-access.js';
import { HeatBadRequest, StackNotFound } from './heat-faults.js';
import type { StackQuery } from './heat-query.js';
import { clusterKeysIn, reasonOf, stackName, type HeatStack, type StackCommon } from './heat-stack.js';

/** A stack, and the cluster around it as far as it was asked for. */
export interface OpenedStack {
  readonly scope: Scope;
  readonly view: ClusterStacksView;
  readonly stack: HeatStack;
}

/** What of the cluster is wanted beside the stack's own state. */
export interface Wanted {
  /** Levels of nested stacks; 0: the stack alone. */
  readonly depth: number;
  readonly resources: boolean;
}

/** Stacks by name and id, and lists of them. */
@Injectable()
export class FindStacks {
  constructor(
    private readonly access: HeatAccess,
    private readonly stacks: StackTreeRepository,
  ) {}

  /** @param ident name or id. @throws StackNotFound */
  async locate(ctx: RequestContext, project: string, ident: string): Promise<HeatStack> {
    const scope = this.access.scope(ctx, project);
    for (const uuid of await this.clustersFor(scope, ident)) {
      const tree = await this.stacks.tree(scope, uuid);
      if (!tree) continue;
      const groups = this.groupsFor(tree, ident, 0);
      const view = new ClusterStacksView(tree, await this.stacks.nodes(scope, uuidsOf(groups)));
      const found = view.find(({ id, name }) => id === ident || name === ident);
      if (!found) continue;
      this.access.enforce(ctx, tree.cluster);
      return found;
    }
    throw new StackNotFound(ident);
  }

  /** @throws StackNotFound; also when the name is not the one of the id */
  async open(ctx: RequestContext, project: string, name: string, id: string, wanted: Wanted): Promise<OpenedStack> {
    const scope = this.access.scope(ctx, project);
    const cluster = isUuidText(id) ? await this.stacks.clusterOf(scope, id) : null;
    const tree = cluster === null ? null : await this.stacks.tree(scope, cluster);
    if (!tree) throw new StackNotFound(name);
    const groups = this.groupsFor(tree, id, wanted.depth);
    const nodes = await this.stacks.nodes(scope, uuidsOf(groups));
    const holder = nodes.find(({ uuid }) => uuid === id)?.nodeGroupUuid;
    const needed = groups.filter(({ uuid }) => holder === undefined || uuid === holder);
    const rowsOf = [...needed.map(({ stackId }) => stackId ?? ''), id].filter((uuid) =>
      tree.stacks.some((row) => row.uuid === uuid),
    );
    const rows = wanted.resources || holder !== undefined ? await this.stacks.resources(scope, [...new Set(rowsOf)]) : [];
    const view = new ClusterStacksView(tree, nodes, rows);
    const stack = view.find((one) => one.id === id && one.name === name);
    if (!stack) throw new StackNotFound(name);
    this.access.enforce(ctx, tree.cluster);
    return { scope, view, stack };
  }

  /** @returns a page, and how many there are when that was asked */
  async list(ctx: RequestContext, project: string, query: StackQuery): Promise<{ page: StackCommon[]; count: number | null }> {
    const scope = this.access.listScope(ctx, project, query.everyProject);
    if (query.nothing) return { page: [], count: query.counted ? 0 : null };
    if (query.nested) return this.nested(scope, query);
    const listing = { ...query, uuids: query.names ? await this.named(scope, query) : query.uuids };
    const [rows, count] = await Promise.all([
      this.stacks.list(scope, listing),
      query.counted ? this.stacks.count(scope, listing) : null,
    ]);
    return { page: rows.map(listed), count };
  }

  /** Ids of the stacks of these names, within the ids that are wanted. */
  private async named(scope: Scope, { names, uuids }: StackQuery): Promise<string[]> {
    const keys = new Set((names ?? []).flatMap(clusterKeysIn));
    const clusters = await Promise.all([...keys].map((key) => this.stacks.clustersByKey(scope, key)));
    const trees = await Promise.all([...new Set(clusters.flat())].map((uuid) => this.stacks.tree(scope, uuid)));
    return trees
      .flatMap((tree) => (tree ? new ClusterStacksView(tree).stacks(false) : []))
      .filter(({ id, name }) => names?.includes(name) && (uuids === null || uuids.includes(id)))
      .map(({ id }) => id);
  }

  /** With what is nested: as many as there are nodes, so it is for one project at a time. */
  private async nested(scope: Scope, query: StackQuery): Promise<{ page: StackCommon[]; count: number | null }> {
    if (query.everyProject) throw new HeatBadRequest('show_nested is for one project at a time.');
    const every = { ...query, marker: null, limit: null, actions: null, statuses: null, uuids: null };
    const clusters = new Set((await this.stacks.list(scope, every)).map(({ cluster }) => cluster.uuid));
    const all: StackCommon[] = [];
    for (const uuid of clusters) {
      const tree = await this.stacks.tree(scope, uuid);
      if (!tree) continue;
      const [nodes, rows] = await Promise.all([
        this.stacks.nodes(scope, uuidsOf(tree.groups)),
        this.stacks.resources(scope, uuidsOf(tree.stacks)),
      ]);
      all.push(...new ClusterStacksView(tree, nodes, rows).stacks(true).filter((stack) => matches(stack, query)));
    }
    const sorted = all.toSorted((a, b) => compare(a, b, query));
    const from = query.marker === null ? 0 : sorted.findIndex(({ id }) => id === query.marker) + 1;
    return {
      page: sorted.slice(from, query.limit === null ? undefined : from + query.limit),
      count: query.counted ? all.length : null,
    };
  }

  private async clustersFor(scope: Scope, ident: string): Promise<string[]> {
    if (isUuidText(ident)) {
      const uuid = await this.stacks.clusterOf(scope, ident);
      return uuid === null ? [] : [uuid];
    }
    return (await Promise.all(clusterKeysIn(ident).map((key) => this.stacks.clustersByKey(scope, key)))).flat();
  }

  /** Whose nodes must be known: those of the stack's own group; of all, when it may be a node's stack or shows what is nested. */
  private groupsFor(tree: StackTree, ident: string, depth: number): readonly NodeGroupEntity[] {
    const row = tree.stacks.find(({ uuid, nodeGroupUuid }) => uuid === ident || namedAs(tree, nodeGroupUuid) === ident);
    if (row?.nodeGroupUuid === null) return depth > 0 ? tree.groups : [];
    const group = row?.nodeGroupUuid ?? ident;
    const own = tree.groups.filter(({ uuid }) => uuid === group);
    return own.length > 0 || row ? own : tree.groups;
  }
}

const uuidsOf = (rows: readonly { readonly uuid: string }[]): string[] => rows.map(({ uuid }) => uuid);

function namedAs(tree: StackTree, groupUuid: string | null): string | undefined {
  if (groupUuid === null) return stackName(tree.cluster, null);
  const group = tree.groups.find(({ uuid }) => uuid === groupUuid);
  return group && stackName(tree.cluster, group);
}

function listed({ stack, cluster, group }: ListedStack): StackCommon {
  const status = `${stack.action}_${stack.status}`;
  return {
    id: stack.uuid,
    name: stack.nodeGroupUuid !== null && !group ? stack.name : stackName(cluster, group),
    projectId: stack.projectId,
    parent: null,
    status,
    reason: reasonOf(status, stack.statusReason),
    createdAt: stack.createdAt,
    updatedAt: stack.updatedAt,
    owner: cluster.userId,
  };
}

function matches(stack: StackCommon, { actions, statuses, uuids, names }: StackQuery): boolean {
  const cut = stack.status.indexOf('_');
  return (
    (actions?.includes(stack.status.slice(0, cut)) ?? true) &&
    (statuses?.includes(stack.status.slice(cut + 1)) ?? true) &&
    (uuids?.includes(stack.id) ?? true) &&
    (names?.includes(stack.name) ?? true)
  );
}

function compare(a: StackCommon, b: StackCommon, { sortKey, sortDir }: StackQuery): number {
  const keys = {
    creation_time: (one: StackCommon) => one.createdAt.toISOString(),
    updated_time: (one: StackCommon) => one.updatedAt?.toISOString() ?? '',
    stack_name: (one: StackCommon) => one.name,
    stack_status: (one: StackCommon) => one.status,
  };
  const [left, right] = [`${keys[sortKey](a)} ${a.id}`, `${keys[sortKey](b)} ${b.id}`];
  const order = left < right ? -1 : left > right ? 1 : 0;
  return sortDir === 'asc' ? order : -order;
}
