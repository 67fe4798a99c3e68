import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, openSync, closeSync, readSync, fstatSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { ServerView } from '../guests/cloud-view.js';
import type { RealAddress } from '../guests/guest-environment.js';
import { writeConfigDrive, type PublicNetwork } from './config-drive.js';
import { Door } from './door.js';
import type { Hardware } from './hardware.js';
import type { Machine, Service } from './machine.js';
import { givingWay, qemuArguments } from './qemu-arguments.js';
import { makeDisk, makeIso, type DiskImage, type Tools } from './tools.js';
import { frameLink } from './wire/link.js';
import type { VirtualNetwork, VirtualPort } from './wire/virtual-network.js';

/** From the power button to the plug. */
const SHUTDOWN_MS = 20_000;
const SUSPEND_MS = 8_000;
const CONSOLE_BYTES = 512 * 1024;
const GIB = 1024 ** 3;

export interface QemuRoom {
  /** A folder for each machine is below it. */
  readonly dir: string;
  /** Disks of volumes. */
  readonly volumes: string;
  readonly tools: Tools;
  readonly publicNetwork: PublicNetwork;
  hardware(serverId: string): Hardware | undefined;
  image(name: string): (DiskImage & { readonly path: string }) | undefined;
  network(id: string, mtu: number): VirtualNetwork;
  /** A port of a machine answers, or no longer does. */
  changed(): void;
  /** It cannot run: Nova's ERROR. */
  failed(serverId: string, reason: string): void;
  /** It has switched itself off. */
  stopped(serverId: string): void;
  log(line: string): void;
}

/** A server as a process of QEMU: its disk, its config drive and its console are files in a folder of its own. */
export class QemuMachine implements Machine {
  readonly #dir: string;
  readonly #doors = new Map<number, Door>();
  #process: ChildProcess | undefined;
  #ports: VirtualPort[] = [];
  /** Wanted by the cloud; the process follows. */
  #on = false;
  #work: Promise<void> = Promise.resolve();

  constructor(
    readonly room: QemuRoom,
    public server: ServerView,
  ) {
    this.#dir = join(room.dir, server.id);
  }

  get isOn(): boolean {
    return this.#on;
  }

  powerOn(): Promise<void> {
    this.#on = true;
    return this.#next(async () => {
      if (this.#on && !this.#process) await this.#start();
    });
  }

  powerOff(): Promise<void> {
    this.#on = false;
    return this.#next(() => this.#stop(SHUTDOWN_MS));
  }

  async destroy(): Promise<void> {
    this.#on = false;
    this.#process?.kill('SIGKILL');
    await this.#next(() => this.#stop(0));
    rmSync(this.#dir, { recursive: true, force: true });
  }

  async suspend(): Promise<void> {
    this.#on = false;
    await this.#next(() => this.#stop(SUSPEND_MS));
  }

  services(): readonly Service[] {
    if (!this.#process) return [];
    return (this.room.hardware(this.server.id)?.openPorts ?? []).flatMap((port) => {
      const at = this.listensOn(port);
      return at === undefined ? [] : [{ port, at }];
    });
  }

  listensOn(port: number): RealAddress | undefined {
    if (!this.#process) return undefined;
    let door = this.#doors.get(port);
    if (!door) {
      door = new Door(
        port,
        () => this.#enter(port),
        () => this.room.changed(),
      );
      this.#doors.set(port, door);
    }
    return door.at;
  }

  /** The last lines of its serial console. */
  console(length?: number): string {
    const text = tailOf(join(this.#dir, 'console.log'));
    if (length === undefined) return text;
    const lines = text.split('\n');
    return length <= 0 ? '' : lines.slice(-length).join('\n');
  }

  /** One thing at a time, in order. What goes wrong is the server's fault, told by Nova. */
  #next(work: () => Promise<void>): Promise<void> {
    this.#work = this.#work.then(work).catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      this.room.log(`machine ${this.server.name}: ${reason}`);
      if (this.#on) this.room.failed(this.server.id, reason);
      this.#on = false;
    });
    return this.#work;
  }

  async #start(): Promise<void> {
    const { room, server } = this;
    const hardware = room.hardware(server.id);
    if (!hardware) return;
    const files = {
      disk: join(this.#dir, 'disk.qcow2'),
      config: join(this.#dir, 'config.iso'),
      console: join(this.#dir, 'console.log'),
      pid: join(this.#dir, 'qemu.pid'),
      volumes: hardware.volumes.map(({ id }) => ({ id, path: join(room.volumes, `${id}.qcow2`) })),
    };
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
    if (!existsSync(files.disk)) await this.#makeDisk(files.disk, hardware);
    for (const { id, sizeGib } of hardware.volumes) {
      const path = join(room.volumes, `${id}.qcow2`);
      if (!existsSync(path)) await makeDisk(path, sizeGib * GIB);
    }
    writeConfigDrive(join(this.#dir, 'config'), server, hardware, room.publicNetwork);
    await makeIso(files.config, join(this.#dir, 'config'));
    rmSync(join(this.#dir, 'config'), { recursive: true });
    if (!this.#on) return;
    this.#spawn(hardware, qemuArguments({ serverId: server.id, hardware, files, tools: room.tools }));
  }

  async #makeDisk(path: string, { imageName, diskGib }: Hardware): Promise<void> {
    const image = imageName === undefined ? undefined : this.room.image(imageName);
    if (!image) {
      throw new Error(
        imageName === undefined
          ? 'machines of QEMU boot from an image, not from a volume'
          : `image ${imageName} has no disk: name one with --image ${imageName}=FILE`,
      );
    }
    if (diskGib > 0 && diskGib * GIB < image.bytes) {
      throw new Error(`image ${imageName} needs ${Math.ceil(image.bytes / GIB)} GiB of disk, the flavor has ${diskGib}`);
    }
    const draft = `${path}.new`;
    await makeDisk(draft, diskGib > 0 ? diskGib * GIB : image.bytes, image);
    renameSync(draft, path);
  }

  #spawn(hardware: Hardware, args: readonly string[]): void {
    const { tools } = this.room;
    const [program = tools.qemu, ...words] = [...tools.tether, ...givingWay(tools, hardware), tools.qemu, ...args];
    const child = spawn(program, words, { stdio: ['pipe', 'ignore', 'pipe', ...hardware.cards.map(() => 'pipe' as const)] });
    this.#process = child;
    let complaint = '';
    child.stderr?.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-1_000)));
    child.stdin?.on('error', () => undefined);
    this.#ports = hardware.cards.map((card, index) => {
      const stream = child.stdio[3 + index] as Duplex;
      const network = this.room.network(card.networkId, card.mtu);
      let port: VirtualPort | undefined;
      const send = frameLink(stream, (frame) => port?.receive(frame));
      return (port = network.attach(card.mac, card.address, send));
    });
    const ended = (how: string | null): void => {
      if (this.#process !== child) return;
      this.#process = undefined;
      this.#unplug();
      if (!this.#on) return;
      this.#on = false;
      if (how === null) this.room.stopped(this.server.id);
      else this.room.failed(this.server.id, `QEMU has ended (${how}): ${complaint.trim() || 'without a word'}`);
    };
    child.once('error', (error) => ended(error.message));
    child.once('exit', (code, signal) => ended(code === 0 ? null : (signal ?? `exit code ${code}`)));
    this.room.log(`machine ${this.server.name} runs (${tools.accelerator}, process ${child.pid})`);
    this.room.changed();
  }

  /** The power button first; the plug when that does not help. */
  async #stop(patienceMs: number): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return this.#unplug();
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    if (patienceMs > 0) child.stdin?.write('system_powerdown\n');
    const plug = setTimeout(() => child.kill('SIGTERM'), patienceMs);
    const hard = setTimeout(() => child.kill('SIGKILL'), patienceMs + 3_000);
    await ended;
    clearTimeout(plug);
    clearTimeout(hard);
    if (this.#process === child) this.#process = undefined;
    this.#unplug();
  }

  #unplug(): void {
    for (const port of this.#ports) port.detach();
    this.#ports = [];
    for (const door of this.#doors.values()) door.close();
    this.#doors.clear();
    this.room.changed();
  }

  #enter(port: number): ReturnType<VirtualNetwork['connect']> | undefined {
    const card = this.room.hardware(this.server.id)?.cards[0];
    if (!this.#process || !card) return undefined;
    return this.room.network(card.networkId, card.mtu).connect(card.address, port);
  }
}

function tailOf(path: string): string {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return '';
  }
  try {
    const { size } = fstatSync(file);
    const bytes = Buffer.alloc(Math.min(size, CONSOLE_BYTES));
    readSync(file, bytes, 0, bytes.length, size - bytes.length);
    return bytes.toString('utf8').replaceAll('\r', '');
  } finally {
    closeSync(file);
  }
}
