import { parseArgs } from 'node:util';
import type { QemuImage, QemuOptions } from '#libs/sandbox';

/** What `npm start` can be told on its command line. */
export const START_OPTIONS = `Options of npm start (npm start -- OPTIONS):
  --hypervisor qemu        servers of the sandbox are virtual machines (docs/real-vms.md); simulated unless told
  --image NAME=FILE[,KEY=VALUE...]
                           a disk (qcow2 or raw) for the image NAME, with properties such as os_distro=debian and
                           kube_version=v1.36.4; can be given several times
  --vm-memory MIB          all machines together get no more (default: three quarters of this computer's)
  --vm-cpus N              the same for their CPUs (default: four for each of this computer's)
  --accelerator kvm|tcg    default: KVM where it can be used, else emulation`;

export interface StartOptions {
  readonly sandbox: { readonly qemu?: QemuOptions; readonly publicCidr?: string; readonly host?: string };
  readonly env: Readonly<Record<string, string>>;
}

const PUBLIC_CIDR = '127.25.0.0/16';
/** Machines reach this computer's services at the public network's first address: their own loopback is another one. */
const SERVICES = '127.25.0.1';

/** @throws Error in words for the one who typed it */
export function startOptions(words: readonly string[], env: Readonly<Record<string, string | undefined>> = {}): StartOptions {
  const { values } = parseArgs({
    args: [...words],
    options: {
      hypervisor: { type: 'string', default: 'simulated' },
      image: { type: 'string', multiple: true, default: [] },
      'vm-memory': { type: 'string' },
      'vm-cpus': { type: 'string' },
      accelerator: { type: 'string', default: 'auto' },
    },
  });
  if (values.hypervisor === 'simulated') {
    if (values.image.length > 0) throw new Error('--image goes with --hypervisor qemu: simulated guests have no disk');
    return { sandbox: {}, env: {} };
  }
  if (values.hypervisor !== 'qemu') throw new Error(`--hypervisor is simulated or qemu, not ${values.hypervisor}`);
  if (values.image.length === 0)
    throw new Error('--hypervisor qemu needs an image: --image NAME=FILE (docs/real-vms.md makes one)');
  const { accelerator } = values;
  if (accelerator !== 'auto' && accelerator !== 'kvm' && accelerator !== 'tcg')
    throw new Error(`--accelerator is auto, kvm or tcg, not ${accelerator}`);
  const qemu: QemuOptions = {
    images: values.image.map(imageOf),
    accelerator,
    memoryMib: wholeNumber(values['vm-memory'], '--vm-memory'),
    cpus: wholeNumber(values['vm-cpus'], '--vm-cpus'),
  };
  return {
    sandbox: { qemu, publicCidr: PUBLIC_CIDR, host: SERVICES },
    env: { BOOTSTRAP_HOST: SERVICES, BOOTSTRAP_PUBLIC_URL: `https://${SERVICES}:${env['BOOTSTRAP_PORT'] ?? '9512'}` },
  };
}

/** NAME=FILE,KEY=VALUE,... */
function imageOf(text: string): QemuImage {
  const [first = '', ...rest] = text.split(',').map((part): [string, string] => {
    const at = part.indexOf('=');
    if (at < 1 || at === part.length - 1) throw new Error(`--image ${text}: "${part}" is not NAME=VALUE`);
    return [part.slice(0, at), part.slice(at + 1)];
  });
  return { name: first[0] ?? '', path: first[1] ?? '', properties: Object.fromEntries(rest) };
}

function wholeNumber(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new Error(`${option} is a whole number, not ${text}`);
  return Number(text);
}
