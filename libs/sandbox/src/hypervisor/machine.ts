import type { ServerView } from '../guests/cloud-view.js';
import type { RealAddress } from '../guests/guest-environment.js';

/** Something in a machine that answers now, under the port it has on the machine's own address. */
export interface Service {
  readonly port: number;
  /** Where it is reached on this computer. */
  readonly at: RealAddress;
}

/** What stands behind one server of Nova: a simulated guest, or a process of QEMU. */
export interface Machine {
  /** As the cloud has it now. */
  server: ServerView;
  readonly isOn: boolean;
  /** @returns when there is nothing more to do for it; never rejects */
  powerOn(): Promise<void>;
  powerOff(): Promise<void>;
  /** The server is no more: nothing is left of it. */
  destroy(): Promise<void>;
  /** The sandbox ends, the server does not. */
  suspend(): Promise<void>;
  /** What floating IPs of this machine lead to. */
  services(): readonly Service[];
  /** Where it can be reached on this port now: asked for members of load balancers. */
  listensOn(port: number): RealAddress | undefined;
}

export interface MachineInfo {
  readonly serverId: string;
  readonly name: string;
  readonly on: boolean;
}

/** What the sandbox needs of whoever runs its servers. */
export interface Hypervisor {
  /** Follows the cloud from now on. The view must know its servers by now. */
  start(): Promise<void>;
  close(): Promise<void>;
  /** Nova's console output: the last `length` lines; '' for servers without machine. */
  console(serverId: string, length?: number): string;
  /** Whether something in the machine answers on this port: what a health monitor would find. */
  listening(serverId: string, port: number): boolean;
  guests(): readonly MachineInfo[];
}
