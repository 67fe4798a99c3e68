/** What a node is known by. */
export interface CallableNode {
  readonly uuid: string;
  readonly name: string;
  readonly slot: number;
  readonly serverId: string | null;
}

/** Whether an entry of `nodes_to_remove` names this node: by server id, node uuid, name or slot. */
export function isNodeCalled(node: CallableNode, entry: string): boolean {
  const text = entry.trim().toLowerCase();
  // Machine ids come without dashes, from a node's SystemUUID.
  const id = text.replaceAll('-', '');
  return (
    [node.uuid, node.serverId].some((uuid) => uuid?.replaceAll('-', '') === id) ||
    node.name === text ||
    String(node.slot) === text
  );
}
