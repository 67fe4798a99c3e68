import type { NodeEntity, NodeGroupEntity } from '#libs/db';
import { isRetryable, type ClusterClient, type NodeState } from '#libs/kubernetes';

const AT_ONCE = 3;
const TRIES = 5;
const AGAIN_MS = 300;
/** What may stand behind the slash of a label's key. */
const LABEL_NAME = /^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;

/** The role that `kubectl get nodes` shows; kubelets may not set it themselves. Null for what is no label. */
export function roleLabel(group: { readonly role: string }): string | null {
  // kubeadm labels control planes itself.
  if (group.role === 'master' || !LABEL_NAME.test(group.role)) return null;
  return `node-role.kubernetes.io/${group.role}`;
}

/** Gives the workers that lack it the label of their group's role. */
export async function labelRoles(
  client: ClusterClient,
  nodes: readonly NodeEntity[],
  groups: readonly NodeGroupEntity[],
  states: ReadonlyMap<string, NodeState>,
  signal: AbortSignal,
): Promise<void> {
  const labels = new Map(groups.map((group) => [group.uuid, roleLabel(group)]));
  const todo = nodes
    .map((node) => ({ name: node.name, label: labels.get(node.nodeGroupUuid) ?? null }))
    .filter(({ name, label }) => label !== null && !(label in (states.get(name)?.labels ?? {})));
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let next = todo.pop(); next; next = todo.pop()) {
        if (next.label !== null) await labelOne(client, next.name, next.label, signal);
      }
    }),
  );
}

async function labelOne(client: ClusterClient, name: string, label: string, signal: AbortSignal): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await client.labelNode(name, { [label]: '' }, { signal });
    } catch (error) {
      signal.throwIfAborted();
      if (attempt >= TRIES || !isRetryable(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS * attempt));
    }
  }
}
