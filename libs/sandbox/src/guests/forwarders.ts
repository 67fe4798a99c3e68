import { connect, createServer, type Server, type Socket } from 'node:net';
import type { RealAddress } from './guest-environment.js';

/** A place on the real network and the guests behind it. */
export interface ForwardTarget {
  readonly address: string;
  readonly port: number;
  /** Internal addresses that listen now; never empty. */
  readonly targets: readonly RealAddress[];
  /**
   * Addresses to which open connections stay although new ones no longer go there: a load balancer that has lost a
   * member lets them end. A floating IP that moves cuts them.
   */
  readonly keeps?: readonly RealAddress[] | undefined;
}

/**
 * TCP forwarders from floating IPs to guests' internal addresses, round-robin. Where no guest listens nothing listens,
 * and connections to a guest that has gone are cut.
 */
export class Forwarders {
  readonly #open = new Map<string, Forwarder>();

  /** @param failed told when an address cannot be listened on; tried again with the next `apply` */
  constructor(readonly failed: (target: ForwardTarget, error: Error) => void) {}

  /** Makes what is open be what is wanted. @returns when what is new listens, or has failed to */
  async apply(wanted: readonly ForwardTarget[]): Promise<void> {
    const opening: Promise<void>[] = [];
    const keys = new Set<string>();
    for (const target of wanted) {
      const key = `${target.address}:${target.port}`;
      keys.add(key);
      const open = this.#open.get(key);
      if (open) open.retarget(target.targets, target.keeps);
      else opening.push(this.#listen(key, target));
    }
    for (const [key, forwarder] of this.#open) {
      if (keys.has(key)) continue;
      this.#open.delete(key);
      void forwarder.close();
    }
    await Promise.all(opening);
  }

  async close(): Promise<void> {
    const open = [...this.#open.values()];
    this.#open.clear();
    await Promise.all(open.map((forwarder) => forwarder.close()));
  }

  #listen(key: string, target: ForwardTarget): Promise<void> {
    const forwarder = new Forwarder(target, (error) => {
      if (this.#open.get(key) === forwarder) this.#open.delete(key);
      this.failed(target, error);
    });
    this.#open.set(key, forwarder);
    return forwarder.opened;
  }
}

class Forwarder {
  #targets: readonly RealAddress[];
  #next = 0;
  readonly #server: Server;
  readonly opened: Promise<void>;
  readonly #links = new Map<Socket, { target: RealAddress; inner: Socket }>();

  constructor(target: ForwardTarget, failed: (error: Error) => void) {
    this.#targets = target.targets;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (outer) => this.#accept(outer, this.#targets.length));
    this.#server.on('error', failed);
    this.opened = new Promise((resolve) => {
      this.#server.once('error', () => resolve());
      this.#server.listen({ host: target.address, port: target.port, backlog: 1024 }, resolve);
    });
  }

  retarget(targets: readonly RealAddress[], keeps: readonly RealAddress[] = []): void {
    this.#targets = targets;
    for (const [outer, { target, inner }] of this.#links) {
      if ([...targets, ...keeps].some((candidate) => sameAddress(candidate, target))) continue;
      inner.destroy();
      outer.destroy();
    }
  }

  async close(): Promise<void> {
    this.retarget([]);
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(outer: Socket, attempts: number): void {
    const target = this.#targets[this.#next++ % Math.max(1, this.#targets.length)];
    outer.on('error', () => outer.destroy());
    if (!target) {
      outer.destroy();
      return;
    }
    const inner = connect({ host: target.address, port: target.port, allowHalfOpen: true, noDelay: true });
    this.#links.set(outer, { target, inner });
    let connected = false;
    inner.once('connect', () => {
      connected = true;
      outer.pipe(inner);
      inner.pipe(outer);
    });
    inner.on('error', () => {
      inner.destroy();
      if (!connected && attempts > 1 && !outer.destroyed) this.#accept(outer, attempts - 1);
      else outer.destroy();
    });
    inner.once('close', () => {
      if (connected) outer.destroy();
    });
    outer.once('close', () => {
      this.#links.delete(outer);
      inner.destroy();
    });
  }
}

function sameAddress(a: RealAddress, b: RealAddress): boolean {
  return a.address === b.address && a.port === b.port;
}
