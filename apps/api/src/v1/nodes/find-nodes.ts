import { Conflict, maskLog, ServiceUnavailable, type RequestContext } from '#libs/domain';
import { ClusterHistoryRepository, type NodeEntity, type NodeObjects, type NodePhaseEntity } from '#libs/db';
import { Cloud, isConflict, isNotFound } from '#libs/openstack';
import { Injectable } from '@nestjs/common';
import { FindKnownCluster, type KnownCluster } from '../history/known-cluster.js';

/** Characters of a console's end. */
const MOST_CONSOLE = 64 * 1024;
const PATIENCE_MS = 10_000;

export interface ShownNode {
  readonly node: NodeEntity;
  readonly phases: NodePhaseEntity[];
  readonly objects: NodeObjects;
}

/** The machines of a cluster. */
@Injectable()
export class FindNodes {
  constructor(
    private readonly known: FindKnownCluster,
    private readonly history: ClusterHistoryRepository,
    private readonly cloud: Cloud,
  ) {}

  /** @param marker uuid of the last node seen. @returns the cluster's uuid too */
  async page(
    ctx: RequestContext,
    ident: string,
    marker: string | null,
    limit: number,
  ): Promise<{ uuid: string; nodes: ShownNode[] }> {
    const known = await this.known.run(ctx, ident, 'not');
    if (marker !== null) await this.history.node(known.scope, known.uuid, marker);
    const nodes = await this.history.nodes(known.scope, known.uuid, marker, limit);
    return { uuid: known.uuid, nodes: await this.shown(known, nodes) };
  }

  /** @throws NotFound */
  async one(ctx: RequestContext, ident: string, node: string): Promise<ShownNode> {
    const known = await this.known.run(ctx, ident, 'not');
    const [shown] = await this.shown(known, [await this.history.node(known.scope, known.uuid, node)]);
    if (!shown) throw new Error('a node that was found cannot be shown');
    return shown;
  }

  /**
   * The end of the console, as Nova tells it to the caller himself.
   * @throws NotFound; Conflict there is no server that could have written; ServiceUnavailable Nova does not answer
   */
  async console(
    ctx: RequestContext,
    ident: string,
    name: string,
    lines: number,
  ): Promise<{ node: NodeEntity; serverId: string; output: string }> {
    const known = await this.known.run(ctx, ident, 'not');
    const node = await this.history.node(known.scope, known.uuid, name);
    const { serverId } = node;
    if (serverId === null) throw noServer(node);
    const session = this.cloud.session({ kind: 'token', token: ctx.token }).withSignal(AbortSignal.timeout(PATIENCE_MS));
    try {
      const output = await session.compute.servers.consoleOutput(serverId, lines);
      return { node, serverId, output: maskLog(output, MOST_CONSOLE) };
    } catch (error) {
      if (isNotFound(error) || isConflict(error)) throw noServer(node);
      throw new ServiceUnavailable(`The console of node ${node.name} cannot be read: ${(error as Error).message}`, {
        service: 'compute',
      });
    }
  }

  private async shown({ scope }: KnownCluster, nodes: readonly NodeEntity[]): Promise<ShownNode[]> {
    const none: NodeObjects = { ports: [], volumes: [] };
    const [phases, objects] = await Promise.all([
      this.history.phases(
        scope,
        nodes.map((node) => node.uuid),
      ),
      this.history.objects(nodes),
    ]);
    return nodes.map((node) => ({
      node,
      phases: phases.get(node.uuid) ?? [],
      objects: objects.get(node.uuid) ?? none,
    }));
  }
}

const noServer = ({ name }: NodeEntity): Conflict =>
  new Conflict('node-without-server', `Node ${name} has no server that could have written on a console.`, { node: name });
