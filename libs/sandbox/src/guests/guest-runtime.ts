import { join } from 'node:path';
import type { Hypervisor, MachineInfo } from '../hypervisor/machine.js';
import { MachineRoom, runs } from '../hypervisor/machine-room.js';
import type { CloudView, ServerView } from './cloud-view.js';
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

export interface GuestInfo extends MachineInfo {
  readonly outcome: GuestState['outcome'];
  /** Where its Kubernetes API listens, when it serves one. */
  readonly api?: RealAddress | undefined;
}

/**
 * Gives every server of a cloud a simulated guest: boots it when the server is ACTIVE, switches it off with it, and makes
 * floating IPs lead to it. What had joined before a restart of the process goes on as if nothing had been.
 */
export class GuestRuntime implements Hypervisor {
  readonly #machines: MachineRoom<SimulatedGuest>;
  readonly #clusters: SimulatedClusters;
  readonly #connections = new GuestConnections();
  readonly #addresses: InternalAddresses;
  readonly #room: GuestRoom;
  readonly #listeners = new Set<() => void>();
  #faults: { fault: GuestFault; used: number }[] = [];

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
    this.#machines = new MachineRoom(view, {
      make: (server) => new SimulatedGuest(this.#room, server),
      complain: ({ targets }, line) => {
        options.log?.(line);
        for (const guest of this.#guests.values()) {
          if (targets.some(({ address }) => guest.listening?.address === address))
            guest.console.write(`simulated network: ${line}`);
        }
      },
    });
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
    const awake = resumed.filter(({ server }) => runs(server));
    const on = awake.map((guest) => ({ guest, run: guest.powerOn(true) }));
    await Promise.all(on.filter(({ guest }) => guest.outcome === 'joined').map(({ run }) => run));
    await this.#machines.follow();
  }

  /** Ends every connection and timer; guests go on with the next `start`. */
  async close(): Promise<void> {
    this.#connections.close();
    await this.#machines.close();
    this.#clusters.close();
    this.#room.journal.close();
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

  get #guests(): Map<string, SimulatedGuest> {
    return this.#machines.machines;
  }

  #changed(): void {
    this.#machines.changed();
    for (const listener of this.#listeners) listener();
  }

  /** Addresses of the tenant's network exist in the simulation only. */
  #route(from: ServerView, host: string, port: number): RealAddress | undefined {
    const networks = from.ports.map(({ networkId }) => networkId);
    if (this.#machines.isTaken(networks, host)) return this.#machines.at(networks, host)?.listensOn(port) ?? NOBODY;
    // Forwarders are at these addresses; most calls go there.
    if (host.startsWith('127.')) return undefined;
    const listener = this.view
      .listeners()
      .find(({ vip, protocolPort }) => vip.address === host && networks.includes(vip.networkId) && protocolPort === port);
    return listener && (this.#machines.living(listener.members)[0] ?? NOBODY);
  }

  #stepFault(name: string, step: string): Extract<GuestFault, { kind: 'step-fails' }> | undefined {
    const entry = this.#faults.find(({ fault }) => matchesServer(fault.server, name));
    if (entry?.fault.kind !== 'step-fails' || entry.fault.step !== step) return undefined;
    if (entry.used >= (entry.fault.times ?? Infinity)) return undefined;
    entry.used += 1;
    return entry.fault;
  }
}
