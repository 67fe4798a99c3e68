import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { accessSync, closeSync, constants, existsSync, openSync, readFileSync, readSync } from 'node:fs';
import { promisify } from 'node:util';
import type { QemuOptions } from './qemu-options.js';

const execute = promisify(execFile);

/** A program of this computer, and the Debian package that has it. */
const packages: Readonly<Record<string, string>> = {
  'qemu-system-x86_64': 'qemu-system-x86',
  'qemu-img': 'qemu-utils',
  genisoimage: 'genisoimage',
};

export interface Tools {
  readonly qemu: string;
  /** e.g. [7, 2] */
  readonly version: readonly [number, number];
  readonly accelerator: 'kvm' | 'tcg';
  /** Ends its program when we end, however we end. */
  readonly tether: readonly string[];
}

export interface DiskImage {
  readonly format: string;
  readonly bytes: number;
}

/** @throws Error that says what to install */
export function findTools(options: Pick<QemuOptions, 'accelerator'>): Tools {
  const missing = Object.entries(packages).filter(([program]) => spawnSync(program, ['--version']).error !== undefined);
  if (missing.length > 0) {
    const programs = missing.map(([program]) => program).join(', ');
    throw new Error(
      `--hypervisor qemu needs ${programs}, not found here; on Debian: apt-get install ${missing.map(([, name]) => name).join(' ')}`,
    );
  }
  const qemu = 'qemu-system-x86_64';
  const [, major = '0', minor = '0'] = /version (\d+)\.(\d+)/.exec(execFileSync(qemu, ['--version'], { encoding: 'utf8' })) ?? [];
  const wanted = options.accelerator ?? 'auto';
  const kvm = wanted !== 'tcg' && canUseKvm();
  if (wanted === 'kvm' && !kvm) throw new Error('/dev/kvm cannot be used here; leave --accelerator away to emulate');
  const tether = spawnSync('setpriv', ['--version']).error === undefined ? ['setpriv', '--pdeathsig', 'KILL', '--'] : [];
  return { qemu, version: [Number(major), Number(minor)], accelerator: kvm ? 'kvm' : 'tcg', tether };
}

/** @throws Error when it is no disk image that QEMU knows */
export function inspectDisk(path: string): DiskImage {
  const result = spawnSync('qemu-img', ['info', '--output=json', path], { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`${path} is no disk image: ${result.stderr.trim().split('\n')[0]}`);
  const info = JSON.parse(result.stdout) as { format: string; 'virtual-size': number };
  // To qemu-img every file is a raw disk.
  if (info.format === 'raw' && !hasBootSector(path)) throw new Error(`${path} is no disk image: it has no boot sector`);
  return { format: info.format, bytes: info['virtual-size'] };
}

/** The mark at the end of a disk's first sector, of those with a GUID partition table too. */
export function hasBootSector(path: string): boolean {
  const file = openSync(path, 'r');
  try {
    const mark = Buffer.alloc(2);
    return readSync(file, mark, 0, 2, 510) === 2 && mark.readUInt16BE() === 0x55aa;
  } finally {
    closeSync(file);
  }
}

/**
 * Looks before anything is started whether machines could run here.
 * @throws Error that says what to install, or which file is none
 */
export function checkMachines(options: QemuOptions): Tools {
  for (const { name, path } of options.images) if (!existsSync(path)) throw new Error(`image ${name}: there is no file ${path}`);
  const tools = findTools(options);
  for (const { path } of options.images) inspectDisk(path);
  return tools;
}

/** A disk of its own over an image that stays as it is, or an empty one. */
export async function makeDisk(
  path: string,
  bytes: number,
  base?: { readonly path: string; readonly format: string },
): Promise<void> {
  const backing = base === undefined ? [] : ['-b', base.path, '-F', base.format];
  await execute('qemu-img', ['create', '-q', '-f', 'qcow2', ...backing, path, String(bytes)]);
}

export async function makeIso(path: string, dir: string): Promise<void> {
  await execute('genisoimage', ['-quiet', '-V', 'config-2', '-J', '-r', '-o', path, dir]);
}

/** The device may be there and the processor not: then machines would stand still. */
function canUseKvm(): boolean {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
    return /^flags.*\b(vmx|svm)\b/m.test(readFileSync('/proc/cpuinfo', 'utf8'));
  } catch {
    return false;
  }
}
