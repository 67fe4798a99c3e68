import type { RealAddress } from './guest-environment.js';

/** Listens for itself, e.g. an API server. */
export interface Listens {
  listen(host: string, port: number): Promise<void>;
}

/** Hands out addresses of a loopback network to guests that serve something. */
export class InternalAddresses {
  readonly #base: number;
  readonly #size: number;
  #next: number;

  constructor(cidr: string) {
    const [address = '', bits = '16'] = cidr.split('/');
    this.#base = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
    this.#size = 2 ** (32 - Number(bits));
    // Several simulations may share a machine: each starts somewhere else.
    this.#next = 1 + Math.floor(Math.random() * (this.#size - 2));
  }

  /** Listens on the first address where the port is free. @throws the last error after many attempts */
  async listen(server: Listens, port: number): Promise<RealAddress> {
    for (let attempt = 0; ; attempt += 1) {
      const address = this.#take();
      try {
        await server.listen(address, port);
        return { address, port };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || attempt >= 50) throw error;
      }
    }
  }

  #take(): string {
    const number = this.#base + this.#next;
    this.#next = (this.#next % (this.#size - 2)) + 1;
    return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
  }
}
