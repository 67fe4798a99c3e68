import { join } from 'node:path';
import type { CloudView, ServerView } from './cloud-view.js';
import { Forwarders, type ForwardTarget } from './forwarders.js';
import { GuestConnections } from './guest-connections.js';
import type { RealAddress } from './guest-environment.js';
import { defaultGuestLatencies, matchesServer, type GuestFault, type GuestRuntimeOptions } from './guest-options.js';
import { InternalAddresses } from './internal-addresses.js';
import { SimulatedClusters } from './kubernetes/simulated-cluster.js';
import { SimulatedGuest, type GuestRoom } from './simulated-guest.js';
import { GuestJournal, type GuestState } from './guest-journal.js';

export type { CloudView, ListenerView, PortView, ServerView } from './cloud-view.js';
export { defaultGuestLatencies, noGuestLatencies, scaleGuestLatencies } from './guest-options.js';
export { OpenStackView, type OpenStackViewOptions } from './openstack/openstack-view.js';
export type { CloudLogin } from './openstack/bench-client.js';
export type { GuestFault, GuestLatencies, GuestRuntimeOptions } from './guest-options.js';

/** Nothing listens there. */
const NOBODY: RealAddress = { address: '127.0.0.1', port: 1 };

/** Statuses of Nova in which a machine runs. */
const running = new Set(['ACTIVE', 'MIGRATING', 'PASSWORD', 'VERIFY_RESIZE']);

export interface GuestInfo {
  readonly serverId: string;
  readonly name: string;
  readonly on: boolean;
  readonly outcome: GuestState['outcome'];
  /** Where its Kubernetes API listens, when it serves one. */
  readonly api?: RealAddress | undefined;
}

/**
 * Gives every server of a cloud a simulated guest: boots it when the server is ACTIVE, switches it off with it, and makes
 * floating IPs lead to it. What had joined before a restart of the process goes on as if nothing had been.
 */
export class GuestRuntime {
  readonly #guests = new Map<string, SimulatedGuest>();
  readonly #clusters: SimulatedClusters;
  readonly #connections = new GuestConnections();
  readonly #addresses: InternalAddresses;
  readonly #forwarders: Forwarders;
  readonly #room: GuestRoom;
  readonly #listeners = new Set<() => void>();
  #faults: { fault: GuestFault; used: number }[] = [];
  #servers: readonly ServerView[] = [];
  /** Server ids by `<network>/<fixed address>`. */
  readonly #fixed = new Map<string, string>();
  #timer: NodeJS.Timeout | undefined;
  /** When the timer rings. */
  #due = 0;
  #stopWatching: (() => void) | undefined;
  #complaints = new Set<string>();

  constructor(
    readonly view: CloudView,
    readonly options: GuestRuntimeOptions = {},
  ) {
    const { dir } = options;
    this.#clusters = new SimulatedClusters(
      dir === undefined ? undefined : join(dir, 'clusters'),
      (options.latencies ?? defaultGuestLatencies).etcdElectionMs,
    );
    this.#addresses = new InternalAddresses(options.internalCidr ?? '127.26.0.0/16');
    this.#forwarders = new Forwarders((target, error) => this.#complain(target, error));
    this.setFaults(options.faults ?? []);
    this.#room = {
      clusters: this.#clusters,
      connections: this.#connections,
      journal: new GuestJournal(dir === undefined ? undefined : join(dir, 'guests.jsonl')),
      latencies: options.latencies ?? defaultGuestLatencies,
      patience: options.patienceFactor ?? 1,
      fault: (name) => this.#faults.find(({ fault }) => matchesServer(fault.server, name))?.fault,
      stepFault: (name, step) => this.#stepFault(name, step),
      route: (server, host, port) => this.#route(server, host, port),
      listen: (server, port) => this.#addresses.listen(server, port),
      changed: () => this.#changed(),
      log: (line) => options.log?.(line),
    };
  }

  /** Resumes what had joined, and when that answers again follows the cloud. The view must know its servers by now. */
  async start(): Promise<void> {
    const states = this.#room.journal.takeStates();
    const servers = new Map(this.view.servers().map((server) => [server.id, server]));
    const resumed: SimulatedGuest[] = [];
    for (const [id, state] of states) {
      const server = servers.get(id);
      if (!server) {
        this.#room.journal.remove(id);
        continue;
      }
      const guest = new SimulatedGuest(this.#room, server, state);
      this.#guests.set(id, guest);
      resumed.push(guest);
    }
    for (const guest of resumed) guest.rejoin();
    this.#clusters.sweep();
    const awake = resumed.filter(({ server }) => running.has(server.status));
    const on = awake.map((guest) => ({ guest, run: guest.powerOn(true) }));
    await Promise.all(on.filter(({ guest }) => guest.outcome === 'joined').map(({ run }) => run));
    await this.#sync();
    this.#stopWatching = this.view.onChange(() => this.#schedule());
  }

  /** Ends every connection and timer; guests go on with the next `start`. */
  async close(): Promise<void> {
    this.#stopWatching?.();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#connections.close();
    await Promise.all([...this.#guests.values()].map((guest) => guest.suspend()));
    await this.#forwarders.close();
    clearTimeout(this.#timer);
    this.#clusters.close();
    this.#room.journal.close();
    this.#guests.clear();
  }

  /** Nova's console output: the last `length` lines; '' for servers without guest. */
  console(serverId: string, length?: number): string {
    return this.#guests.get(serverId)?.console.text(length) ?? '';
  }

  /** Whether something in the guest listens on this port: what a health monitor would find. */
  listening(serverId: string, port: number): boolean {
    return this.#guests.get(serverId)?.listensOn(port) !== undefined;
  }

  /** Calls `changed` when a guest begins or ceases to listen. @returns stops the calls */
  onListening(changed: () => void): () => void {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
  }

  /** Replaces the injected faults; those of guests that are past them change nothing, but for `not-ready`. */
  setFaults(faults: readonly GuestFault[]): void {
    this.#faults = faults.map((fault) => ({ fault, used: 0 }));
    for (const guest of this.#guests.values()) guest.faultsChanged();
  }

  faults(): readonly GuestFault[] {
    return this.#faults.map(({ fault }) => fault);
  }

  guests(): GuestInfo[] {
    return [...this.#guests.values()].map((guest) => ({
      serverId: guest.server.id,
      name: guest.server.name,
      on: guest.isOn,
      outcome: guest.outcome,
      api: guest.listening,
    }));
  }

  #changed(): void {
    this.#schedule(0);
    for (const listener of this.#listeners) listener();
  }

  /** Many bells, one look: at once for small clouds, a little later for large ones. */
  #schedule(delayMs = Math.min(250, 5 + this.#servers.length / 8)): void {
    const due = Date.now() + delayMs;
    if (this.#timer !== undefined && due >= this.#due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#sync();
    }, delayMs);
  }

  /** Resolves when new forwarders listen; guests go their own way. */
  async #sync(): Promise<void> {
    this.#servers = this.view.servers();
    const present = new Set<string>();
    this.#fixed.clear();
    for (const server of this.#servers) {
      present.add(server.id);
      this.#follow(server);
      for (const { networkId, fixedIp } of server.ports) this.#fixed.set(`${networkId}/${fixedIp}`, server.id);
    }
    for (const [id, guest] of this.#guests) {
      if (present.has(id)) continue;
      this.#guests.delete(id);
      void guest.destroy();
    }
    await this.#forwarders.apply(this.#wantedForwards());
  }

  #follow(server: ServerView): void {
    const on = running.has(server.status);
    let guest = this.#guests.get(server.id);
    if (!guest) {
      if (!on) return;
      guest = new SimulatedGuest(this.#room, server);
      this.#guests.set(server.id, guest);
    }
    guest.server = server;
    if (on && !guest.isOn) void guest.powerOn();
    else if (!on && guest.isOn) void guest.powerOff();
  }

  #wantedForwards(): ForwardTarget[] {
    const wanted: ForwardTarget[] = [];
    for (const server of this.#servers) {
      const listening = this.#guests.get(server.id)?.listening;
      if (!listening) continue;
      for (const { floatingIp } of server.ports) {
        if (floatingIp !== undefined) wanted.push({ address: floatingIp, port: listening.port, targets: [listening] });
      }
    }
    const alive = [...this.#guests.values()].flatMap((guest) => guest.listening ?? []);
    for (const { floatingIp, protocolPort, members } of this.view.listeners()) {
      const targets = this.#living(members);
      if (floatingIp !== undefined && targets.length > 0)
        wanted.push({ address: floatingIp, port: protocolPort, targets, keeps: alive });
    }
    return wanted;
  }

  #living(members: readonly { serverId: string; protocolPort: number }[]): RealAddress[] {
    return members.flatMap(({ serverId, protocolPort }) => this.#guests.get(serverId)?.listensOn(protocolPort) ?? []);
  }

  /** Addresses of the tenant's network exist in the simulation only. */
  #route(from: ServerView, host: string, port: number): RealAddress | undefined {
    const networks = from.ports.map(({ networkId }) => networkId);
    const serverId = networks.map((network) => this.#fixed.get(`${network}/${host}`)).find((found) => found !== undefined);
    if (serverId !== undefined) return this.#guests.get(serverId)?.listensOn(port) ?? NOBODY;
    // Forwarders are at these addresses; most calls go there.
    if (host.startsWith('127.')) return undefined;
    const listener = this.view
      .listeners()
      .find(({ vip, protocolPort }) => vip.address === host && networks.includes(vip.networkId) && protocolPort === port);
    return listener && (this.#living(listener.members)[0] ?? NOBODY);
  }

  #stepFault(name: string, step: string): Extract<GuestFault, { kind: 'step-fails' }> | undefined {
    const entry = this.#faults.find(({ fault }) => matchesServer(fault.server, name));
    if (entry?.fault.kind !== 'step-fails' || entry.fault.step !== step) return undefined;
    if (entry.used >= (entry.fault.times ?? Infinity)) return undefined;
    entry.used += 1;
    return entry.fault;
  }

  /** Said once per address; tried again a little later. */
  #complain(target: ForwardTarget, error: Error): void {
    const line = `cannot listen on ${target.address}:${target.port}: ${error.message}`;
    if (!this.#complaints.has(line)) {
      this.#complaints.add(line);
      this.options.log?.(line);
      for (const guest of this.#guests.values()) {
        if (target.targets.some(({ address }) => guest.listening?.address === address))
          guest.console.write(`simulated network: ${line}`);
      }
    }
    if (this.#stopWatching) this.#schedule(2_000);
  }
}
