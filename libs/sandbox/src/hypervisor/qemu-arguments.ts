import type { Hardware } from './hardware.js';
import type { Tools } from './tools.js';

export interface MachineFiles {
  readonly disk: string;
  readonly config: string;
  readonly console: string;
  readonly pid: string;
  readonly volumes: readonly { readonly id: string; readonly path: string }[];
}

export interface QemuCommand {
  readonly serverId: string;
  readonly hardware: Hardware;
  readonly files: MachineFiles;
  readonly tools: Pick<Tools, 'accelerator' | 'version'>;
}

/** A comma ends an option of QEMU; two are one. */
const literal = (path: string): string => path.replaceAll(',', ',,');

/**
 * The words after QEMU's name. File descriptor 3 and those after it are the wires of the network cards; the monitor is
 * standard input.
 */
export function qemuArguments({ serverId, hardware, files, tools }: QemuCommand): string[] {
  const drive = (path: string, options: string): string[] => ['-drive', `file=${literal(path)},if=none,${options}`];
  return [
    ...['-name', `guest=${serverId}`, '-uuid', serverId],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-monitor', 'stdio', '-pidfile', files.pid],
    ...[
      '-machine',
      'pc',
      '-accel',
      tools.accelerator === 'tcg' ? `tcg,thread=multi,tb-size=${translated(hardware.memoryMib)}` : 'kvm',
      '-cpu',
      processor(tools),
    ],
    ...['-smp', String(hardware.vcpus), '-m', `${hardware.memoryMib}M`],
    ...['-smbios', 'type=1,manufacturer=OpenStack Foundation,product=OpenStack Nova'],
    ...['-chardev', `file,id=console,path=${literal(files.console)},append=on`, '-serial', 'chardev:console'],
    ...['-device', 'virtio-rng-pci'],
    // What the guest flushes need not survive a failure of this computer's power.
    ...drive(files.disk, 'id=root,format=qcow2,cache=unsafe,discard=unmap'),
    ...['-device', 'virtio-blk-pci,drive=root,bootindex=0'],
    ...drive(files.config, 'id=config,format=raw,readonly=on'),
    ...['-device', 'virtio-blk-pci,drive=config'],
    ...files.volumes.flatMap(({ id, path }, index) => [
      ...drive(path, `id=volume${index},format=qcow2,cache=unsafe,discard=unmap`),
      // As Nova names it: the first 20 characters are all that the disk can say.
      ...['-device', `virtio-blk-pci,drive=volume${index},serial=${id.slice(0, 20)}`],
    ]),
    ...hardware.cards.flatMap(({ mac, mtu }, index) => [
      ...['-netdev', `socket,id=card${index},fd=${3 + index}`],
      ...['-device', `virtio-net-pci,netdev=card${index},mac=${mac},host_mtu=${mtu},romfile=`],
    ]),
  ];
}

/**
 * Emulated machines ask for more processor than there is, and a control plane has time-outs that nobody can set (30 s for an API
 * server's first roles, else it begins again): machines with one processor give way to larger ones.
 */
export function givingWay({ accelerator }: Pick<Tools, 'accelerator'>, { vcpus }: Pick<Hardware, 'vcpus'>): string[] {
  return accelerator === 'tcg' && vcpus < 2 ? ['nice', '-n', '10'] : [];
}

/**
 * MiB for what was translated. When they are full all of it is thrown away: the programs of a control plane fill some hundreds,
 * and with too few it is translated over and over.
 */
function translated(memoryMib: number): number {
  return Math.min(1024, Math.max(256, Math.floor(memoryMib / 2)));
}

/** Emulated by versions before 8, the instruction cmpxchg16b crashes kernels since 6.11. */
function processor({ accelerator, version }: Pick<Tools, 'accelerator' | 'version'>): string {
  if (accelerator === 'kvm') return 'host';
  return version[0] < 8 ? 'max,-cx16' : 'max';
}
