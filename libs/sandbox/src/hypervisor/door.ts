import { createServer, type Server } from 'node:net';
import type { RealAddress } from '../guests/guest-environment.js';
import type { TcpConnection } from './wire/tcp-connection.js';
import { joinStreams } from './wire/virtual-network.js';

const SILENT_MS = 1_000;
const ANSWERING_MS = 5_000;
const PATIENCE_MS = 3_000;

/**
 * Makes one port of a machine reachable on this computer, and knows whether something answers there: it knocks as a health
 * monitor does.
 */
export class Door {
  #server: Server | undefined;
  #at: RealAddress | undefined;
  #answers = false;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(
    readonly port: number,
    readonly enter: () => TcpConnection | undefined,
    readonly changed: () => void,
  ) {
    this.#knockIn(0);
  }

  /** Undefined while nothing answers. */
  get at(): RealAddress | undefined {
    return this.#answers ? this.#at : undefined;
  }

  close(): void {
    this.#closed = true;
    this.#answers = false;
    clearTimeout(this.#timer);
    this.#server?.close();
  }

  #knockIn(ms: number): void {
    this.#timer = setTimeout(() => this.#knock(), ms);
    this.#timer.unref();
  }

  #knock(): void {
    const connection = this.enter();
    if (!connection) return this.#knockIn(SILENT_MS);
    let heard = false;
    const timer = setTimeout(() => connection.destroy(), PATIENCE_MS);
    connection.once('connect', () => {
      heard = true;
      connection.resume();
      connection.end();
    });
    connection.on('error', () => undefined);
    connection.once('close', () => {
      clearTimeout(timer);
      if (this.#closed) return;
      void this.#learn(heard)
        .catch(() => undefined)
        .finally(() => this.#closed || this.#knockIn(heard ? ANSWERING_MS : SILENT_MS));
    });
  }

  async #learn(answers: boolean): Promise<void> {
    if (answers && !this.#server) await this.#open();
    if (answers === this.#answers || this.#closed) return;
    this.#answers = answers;
    this.changed();
  }

  #open(): Promise<void> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (outer) => {
      const inner = this.enter();
      outer.on('error', () => outer.destroy());
      if (!inner) return void outer.destroy();
      inner.on('error', () => outer.resetAndDestroy());
      joinStreams(inner, outer);
    });
    this.#server = server;
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: '127.0.0.1', port: 0 }, () => {
        const address = server.address();
        if (address !== null && typeof address === 'object') this.#at = { address: address.address, port: address.port };
        resolve();
      });
    });
  }
}
