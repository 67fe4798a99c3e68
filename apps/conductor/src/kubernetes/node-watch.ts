import { setTimeout as sleep } from 'node:timers/promises';
import { isRetryable, type ClusterClient, type NodeState } from '#libs/kubernetes';
import type { Logger } from 'pino';
import type { Wake } from '../wake.js';

const AGAIN_MS = 500;

/** What the cluster's API says of its nodes, as of now; every change wakes. One list and one watch, at any number of nodes. */
export class NodeWatch {
  nodes: readonly NodeState[] = [];
  /** Why the last look failed; null while it goes well. */
  trouble: string | null = null;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;

  constructor(kube: ClusterClient, wake: Wake, log: Logger) {
    this.#done = this.#follow(kube, wake, log);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #follow(kube: ClusterClient, wake: Wake, log: Logger): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        for await (const nodes of kube.watchNodes(signal)) {
          this.nodes = nodes;
          this.trouble = null;
          wake.notify();
        }
      } catch (error) {
        if (signal.aborted) return;
        this.trouble = error instanceof Error ? error.message : String(error);
        log[isRetryable(error) ? 'debug' : 'warn']({ reason: this.trouble }, 'watching the nodes broke off');
      }
      // Whoever stops waits for nothing: a create ends here.
      await sleep(AGAIN_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}
