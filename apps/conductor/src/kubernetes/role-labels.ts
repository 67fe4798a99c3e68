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

/** Gives workers the label of their group's role as soon as they are seen; a few at once. */
export class RoleLabels {
  readonly #wanted: Map<string, string>;
  readonly #lanes: Promise<void>[] = Array.from({ length: AT_ONCE }, () => Promise.resolve());
  #next = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(
    private readonly client: Pick<ClusterClient, 'labelNode'>,
    nodes: readonly NodeEntity[],
    groups: readonly NodeGroupEntity[],
    private readonly signal: AbortSignal,
  ) {
    const labels = new Map(groups.map((group) => [group.uuid, roleLabel(group)]));
    this.#wanted = new Map(
      nodes.flatMap((node) => {
        const label = labels.get(node.nodeGroupUuid);
        return label ? [[node.name, label]] : [];
      }),
    );
  }

  /** Begins to label those that it has not seen before. */
  see(states: readonly NodeState[]): void {
    for (const { name, labels } of this.#wanted.size > 0 ? states : []) {
      const label = this.#wanted.get(name);
      if (label === undefined) continue;
      this.#wanted.delete(name);
      if (label in labels) continue;
      const lane = this.#next++ % AT_ONCE;
      this.#lanes[lane] = (this.#lanes[lane] ?? Promise.resolve())
        .then(() => labelOne(this.client, name, label, this.signal))
        .catch((error: unknown) => {
          this.#failure ??= { error };
        });
    }
  }

  /** @throws the first error that trying again did not mend */
  async done(): Promise<void> {
    await Promise.all(this.#lanes);
    if (this.#failure) throw this.#failure.error;
  }
}

async function labelOne(
  client: Pick<ClusterClient, 'labelNode'>,
  name: string,
  label: string,
  signal: AbortSignal,
): Promise<void> {
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
