import type { CloudView, ServerView } from '../guests/cloud-view.js';
import { Forwarders, type ForwardTarget } from '../guests/forwarders.js';
import type { RealAddress } from '../guests/guest-environment.js';
import type { Machine } from './machine.js';

/** Statuses of Nova in which a machine runs. */
const running = new Set(['ACTIVE', 'MIGRATING', 'PASSWORD', 'VERIFY_RESIZE']);
const AGAIN_MS = 2_000;

export const runs = (server: ServerView): boolean => running.has(server.status);

export interface MachineRoomOptions<M extends Machine> {
  make(server: ServerView): M;
  /** A floating IP that cannot be listened on, once for each. */
  complain(target: ForwardTarget, line: string): void;
}

/**
 * Gives every server of a cloud its machine: switches it on and off with the server, ends it with it, and makes floating
 * IPs of servers and of load balancers lead to what answers in them.
 */
export class MachineRoom<M extends Machine> {
  readonly machines = new Map<string, M>();
  readonly #forwarders: Forwarders;
  readonly #complaints = new Set<string>();
  #servers: readonly ServerView[] = [];
  /** Server ids by `<network>/<fixed address>`. */
  readonly #fixed = new Map<string, string>();
  #timer: NodeJS.Timeout | undefined;
  /** When the timer rings. */
  #due = 0;
  #stopWatching: (() => void) | undefined;
  /** Machines that go off now are not to be switched on again. */
  #closed = false;

  constructor(
    readonly view: CloudView,
    readonly options: MachineRoomOptions<M>,
  ) {
    this.#forwarders = new Forwarders((target, error) => this.#complain(target, error));
  }

  /** @returns when what is there now is followed; machines go their own way */
  async follow(): Promise<void> {
    await this.#sync();
    this.#stopWatching = this.view.onChange(() => this.#schedule());
  }

  /** Something in a machine answers, or no longer does. */
  changed(): void {
    this.#schedule(0);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#stopWatching?.();
    this.#stopWatching = undefined;
    clearTimeout(this.#timer);
    await Promise.all([...this.machines.values()].map((machine) => machine.suspend()));
    await this.#forwarders.close();
    this.machines.clear();
  }

  /** The machine with this fixed address on one of these networks. */
  at(networks: readonly string[], address: string): M | undefined {
    const id = networks.map((network) => this.#fixed.get(`${network}/${address}`)).find((found) => found !== undefined);
    return id === undefined ? undefined : this.machines.get(id);
  }

  /** Whether a server has this fixed address on one of these networks. */
  isTaken(networks: readonly string[], address: string): boolean {
    return networks.some((network) => this.#fixed.has(`${network}/${address}`));
  }

  /** Where those members that answer are. */
  living(members: readonly { serverId: string; protocolPort: number }[]): RealAddress[] {
    return members.flatMap(({ serverId, protocolPort }) => this.machines.get(serverId)?.listensOn(protocolPort) ?? []);
  }

  /** Many bells, one look: at once for small clouds, a little later for large ones. */
  #schedule(delayMs = Math.min(250, 5 + this.#servers.length / 8)): void {
    const due = Date.now() + delayMs;
    if (this.#closed) return;
    if (this.#timer !== undefined && due >= this.#due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#sync();
    }, delayMs);
  }

  /** Resolves when new forwarders listen. */
  async #sync(): Promise<void> {
    if (this.#closed) return;
    this.#servers = this.view.servers();
    const present = new Set<string>();
    this.#fixed.clear();
    for (const server of this.#servers) {
      present.add(server.id);
      this.#attend(server);
      for (const { networkId, fixedIp } of server.ports) this.#fixed.set(`${networkId}/${fixedIp}`, server.id);
    }
    for (const [id, machine] of this.machines) {
      if (present.has(id)) continue;
      this.machines.delete(id);
      void machine.destroy();
    }
    await this.#forwarders.apply(this.#wantedForwards());
  }

  #attend(server: ServerView): void {
    const on = runs(server);
    let machine = this.machines.get(server.id);
    if (!machine) {
      if (!on) return;
      machine = this.options.make(server);
      this.machines.set(server.id, machine);
    }
    machine.server = server;
    if (on && !machine.isOn) void machine.powerOn();
    else if (!on && machine.isOn) void machine.powerOff();
  }

  #wantedForwards(): ForwardTarget[] {
    const wanted: ForwardTarget[] = [];
    const alive: RealAddress[] = [];
    for (const server of this.#servers) {
      for (const { port, at } of this.machines.get(server.id)?.services() ?? []) {
        alive.push(at);
        for (const { floatingIp } of server.ports) {
          if (floatingIp !== undefined) wanted.push({ address: floatingIp, port, targets: [at] });
        }
      }
    }
    for (const { floatingIp, protocolPort, members } of this.view.listeners()) {
      const targets = this.living(members);
      if (floatingIp !== undefined && targets.length > 0)
        wanted.push({ address: floatingIp, port: protocolPort, targets, keeps: alive });
    }
    return wanted;
  }

  /** Said once per address; tried again a little later. */
  #complain(target: ForwardTarget, error: Error): void {
    const line = `cannot listen on ${target.address}:${target.port}: ${error.message}`;
    if (!this.#complaints.has(line)) {
      this.#complaints.add(line);
      this.options.complain(target, line);
    }
    if (this.#stopWatching) this.#schedule(AGAIN_MS);
  }
}
