import type { Agent } from 'node:https';
import { createSecureContext } from 'node:tls';
import { guestAgent } from './guest-https.js';

const HANDSHAKES = 16;

/**
 * Kept connections, shared by guests that could not be told apart on the wire (same peer, same trust, same source address).
 * A thousand guests need a few dozen connections instead of thousands of handshakes.
 */
export class GuestConnections {
  #running = 0;
  readonly #waiting: (() => void)[] = [];
  readonly #agents = new Map<string, Agent>();

  /** @param ca PEM to trust; undefined: no verification (kubeadm's first look at cluster-info) */
  shared(purpose: string, peer: string, ca: string | undefined, source: string | undefined, maxSockets: number): Agent {
    const key = `${purpose}|${peer}|${source ?? ''}|${ca ?? ''}`;
    let agent = this.#agents.get(key);
    if (!agent) {
      // One context for all of them: certificates are not read again for each handshake.
      const trust = ca === undefined ? { rejectUnauthorized: false } : { secureContext: createSecureContext({ ca }) };
      agent = guestAgent({ maxSockets, timeout: 30_000, ...trust });
      this.#agents.set(key, agent);
    }
    return agent;
  }

  /** Runs `work` when fewer than a handful of others run: for handshakes that nobody can share. */
  async limited<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= HANDSHAKES) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running += 1;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running -= 1;
    }
  }

  close(): void {
    for (const agent of this.#agents.values()) agent.destroy();
    this.#agents.clear();
  }
}
