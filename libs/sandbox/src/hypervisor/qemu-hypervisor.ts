import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CloudView, ServerView } from '../guests/cloud-view.js';
import type { HardwareView } from './hardware.js';
import { MachineRoom } from './machine-room.js';
import type { Hypervisor, MachineInfo } from './machine.js';
import { outwardRoute } from './outward-route.js';
import { QemuMachine, type QemuRoom } from './qemu-machine.js';
import type { QemuOptions } from './qemu-options.js';
import { checkMachines, inspectDisk, type DiskImage, type Tools } from './tools.js';
import { VirtualNetwork } from './wire/virtual-network.js';

/** What machines cost this computer. */
export interface Capacity {
  readonly memoryMib: number;
  readonly cpus: number;
}

export interface QemuSurroundings {
  readonly dir: string | undefined;
  readonly publicCidr: string;
  failed(serverId: string, reason: string): void;
  stopped(serverId: string): void;
  log(line: string): void;
}

/** Runs the servers of a cloud as virtual machines of QEMU. */
export class QemuHypervisor implements Hypervisor {
  readonly capacity: Capacity;
  readonly images = new Map<string, DiskImage & { readonly path: string }>();
  readonly tools: Tools;
  readonly #machines: MachineRoom<QemuMachine>;
  readonly #networks = new Map<string, VirtualNetwork>();
  readonly #dir: string;

  /** @throws Error that says what is missing: programs, an image's file */
  constructor(
    readonly view: CloudView,
    readonly hardware: HardwareView,
    readonly surroundings: QemuSurroundings,
    options: QemuOptions,
  ) {
    this.tools = checkMachines(options);
    for (const { name, path } of options.images) this.images.set(name, { ...inspectDisk(path), path: resolve(path) });
    this.capacity = {
      memoryMib: options.memoryMib ?? Math.floor((totalmem() / 1024 ** 2) * 0.75),
      cpus: options.cpus ?? cpus().length * 4,
    };
    this.#dir =
      surroundings.dir === undefined ? mkdtempSync(join(tmpdir(), 'sandbox-machines-')) : join(surroundings.dir, 'machines');
    const volumes = join(this.#dir, 'volumes');
    mkdirSync(volumes, { recursive: true, mode: 0o700 });
    const room: QemuRoom = {
      dir: this.#dir,
      volumes,
      tools: this.tools,
      publicNetwork: { cidr: surroundings.publicCidr },
      hardware: (id) => hardware.hardware(id),
      image: (name) => this.images.get(name),
      network: (id, mtu) => this.#network(id, mtu),
      changed: () => this.#machines.changed(),
      failed: (serverId, reason) => surroundings.failed(serverId, reason),
      stopped: (serverId) => surroundings.stopped(serverId),
      log: (line) => surroundings.log(line),
    };
    this.#machines = new MachineRoom(view, {
      make: (server) => new QemuMachine(room, server),
      complain: (_target, line) => surroundings.log(line),
    });
  }

  /** Ends what a sandbox that was killed has left, then boots again what Nova has ACTIVE. */
  async start(): Promise<void> {
    const known = new Set(this.view.servers().map(({ id }) => id));
    for (const name of readdirSync(this.#dir)) {
      if (name === 'volumes') continue;
      const folder = join(this.#dir, name);
      await endLeftover(folder);
      if (!known.has(name)) rmSync(folder, { recursive: true, force: true });
    }
    for (const name of readdirSync(join(this.#dir, 'volumes'))) {
      if (!this.hardware.hasVolume(name.replace('.qcow2', ''))) rmSync(join(this.#dir, 'volumes', name), { force: true });
    }
    await this.#machines.follow();
  }

  /** Switches every machine off; the next `start` boots them from the disks they have. */
  async close(): Promise<void> {
    await this.#machines.close();
    for (const network of this.#networks.values()) network.close();
    this.#networks.clear();
    if (this.surroundings.dir === undefined) rmSync(this.#dir, { recursive: true, force: true });
  }

  console(serverId: string, length?: number): string {
    return this.#machines.machines.get(serverId)?.console(length) ?? '';
  }

  listening(serverId: string, port: number): boolean {
    return this.#machines.machines.get(serverId)?.listensOn(port) !== undefined;
  }

  guests(): MachineInfo[] {
    return [...this.#machines.machines.values()].map(({ server, isOn }) => ({
      serverId: server.id,
      name: server.name,
      on: isOn,
    }));
  }

  #network(id: string, mtu: number): VirtualNetwork {
    let network = this.#networks.get(id);
    if (!network) {
      const serverAt = (address: string): ServerView | undefined => this.#machines.at([id], address)?.server;
      network = new VirtualNetwork(mtu, {
        addresses: () => this.hardware.gatewayAddresses(id),
        route: outwardRoute({
          publicCidr: this.surroundings.publicCidr,
          gatewayAddresses: () => this.hardware.gatewayAddresses(id),
          serverAt,
          balanced: (address, port) => {
            const listener = this.view
              .listeners()
              .find(({ vip, protocolPort }) => vip.networkId === id && vip.address === address && protocolPort === port);
            return listener && this.#machines.living(listener.members)[0];
          },
        }),
      });
      this.#networks.set(id, network);
    }
    return network;
  }
}

/** The process named in the folder, if it still is that machine's QEMU. */
async function endLeftover(folder: string): Promise<void> {
  const file = join(folder, 'qemu.pid');
  if (!existsSync(file)) return;
  const pid = Number(readFileSync(file, 'utf8'));
  const isOurs = (): boolean => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(file);
    } catch {
      return false;
    }
  };
  if (Number.isInteger(pid) && pid > 1 && isOurs()) {
    process.kill(pid, 'SIGKILL');
    for (let n = 0; n < 50 && isOurs(); n += 1) await sleep(100);
  }
  rmSync(file, { force: true });
}
