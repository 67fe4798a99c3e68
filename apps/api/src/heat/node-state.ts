import type { NodeEntity, TreeResource } from '#libs/db';

export interface NodeState {
  readonly status: string;
  readonly reason: string;
}

/**
 * How a node is, in Heat's words: from its row and from those of its resources. Complete is one that has joined, as with
 * Magnum, whose templates wait for the node's own word. The autoscaler reads these: it takes `CREATE_FAILED` away by its slot
 * and looks for `quota` in the reason.
 */
export function nodeState(node: NodeEntity, rows: readonly TreeResource[]): NodeState {
  const failed = rows.find(({ status }) => status === 'FAILED');
  const server = rows.find(({ type }) => type === 'OS::Nova::Server');
  if (node.leavingSince !== null || server?.action === 'DELETE')
    return failed?.action === 'DELETE' ? state('DELETE_FAILED', failed.statusReason) : state('DELETE_IN_PROGRESS');
  const action = node.joinedAt === null ? 'CREATE' : 'UPDATE';
  if (failed) return state(`${action}_FAILED`, failed.statusReason);
  if (node.phaseStatus === 'failed') return state('CREATE_FAILED', `${node.name} failed in ${node.phase}`);
  if (node.unhealthySince !== null) return { ...state(''), ...markOf(node) };
  if (node.joinedAt === null) return state(rows.every((row) => row.action === 'INIT') ? 'INIT_COMPLETE' : 'CREATE_IN_PROGRESS');
  if (rows.some(({ status }) => status === 'IN_PROGRESS')) return state('UPDATE_IN_PROGRESS');
  return state('CREATE_COMPLETE');
}

/** What the node does after its server is there: `node_config_deployment` in Magnum's templates. */
export function bootstrapState(node: NodeEntity): NodeState {
  if (node.joinedAt !== null) return state('CREATE_COMPLETE', `phase ${node.phase}`);
  if (node.phaseStatus === 'failed') return state('CREATE_FAILED', `phase ${node.phase} failed`);
  return state(node.serverId === null ? 'INIT_COMPLETE' : 'CREATE_IN_PROGRESS', `phase ${node.phase}`);
}

/** What Heat makes of a resource that was marked unhealthy. */
export const markOf = (node: NodeEntity): NodeState | object =>
  node.unhealthySince === null ? {} : { status: 'CHECK_FAILED', reason: node.unhealthyReason ?? 'marked unhealthy' };

const state = (status: string, reason: string | null = null): NodeState => ({ status, reason: reason ?? 'state changed' });
