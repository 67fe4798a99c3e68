import { runCloudInit, type InstanceData } from './cloud-init.js';
import type { ServerView } from './cloud-view.js';
import { runIgnition } from './ignition.js';
import type { SimulatedDisk } from './simulated-disk.js';

/** What a machine is after it has read its user data. */
export interface FirstBoot {
  readonly disk: SimulatedDisk;
  /** The node agent, when something starts it. */
  readonly program?: string | undefined;
  readonly console: readonly string[];
  /** It does not come up. */
  readonly stopped?: boolean;
}

const IGNITION = ['flatcar', 'fedora-coreos'];

/**
 * Reads the user data with what the image has for that: Ignition on Flatcar and Fedora CoreOS, cloud-init elsewhere. Where the
 * view does not know the image, the form of the text decides.
 */
export function firstBoot({ userData, image }: Pick<ServerView, 'userData' | 'image'>, instance: InstanceData): FirstBoot {
  const reads = image?.osDistro === undefined ? isJson(userData) : IGNITION.includes(image.osDistro);
  return reads ? byIgnition(userData) : byCloudInit(userData, instance);
}

const isJson = (userData: string | null): boolean => /^\s*\{/.test(Buffer.from(userData ?? '', 'base64').toString());

function byIgnition(userData: string | null): FirstBoot {
  const { disk, enabled, failure } = runIgnition(userData);
  if (failure !== undefined) {
    return { disk, console: [`ignition: failed: ${failure}`, 'You are in emergency mode.'], stopped: true };
  }
  const program = enabled.map((unit) => agentIn(disk, execStart(disk, unit))).find((found) => found !== undefined);
  return { disk, program, console: [`ignition: finished, ${disk.paths().length} files, ${enabled.length} units`] };
}

function byCloudInit(userData: string | null, instance: InstanceData): FirstBoot {
  const { disk, runcmd, warnings } = runCloudInit(userData, instance);
  const console = [
    ...warnings.map((warning) => `cloud-init: WARNING: ${warning}`),
    `cloud-init: finished, ${disk.paths().length} files, ${runcmd.length} commands`,
  ];
  const started = runcmd.map((command) => {
    const words = typeof command === 'string' ? command.split(/\s+/) : command;
    const starts = words[0] === 'systemctl' && (words.includes('--now') || words.includes('start') || words.includes('restart'));
    return starts && words[1] !== 'mask' ? words.slice(1).flatMap((unit) => execStart(disk, unit)) : words;
  });
  return { disk, program: started.map((words) => agentIn(disk, words)).find((found) => found !== undefined), console };
}

const agentIn = (disk: SimulatedDisk, words: readonly string[]): string | undefined =>
  words.find((word) => word.endsWith('/jeroboam-node') && disk.file(word));

function execStart(disk: SimulatedDisk, unit: string): string[] {
  const text = disk.text(`/etc/systemd/system/${unit}`) ?? disk.text(`/etc/systemd/system/${unit}.service`);
  const line = text === undefined ? undefined : /^ExecStart=[-@:+!]*(.+)$/m.exec(text)?.[1];
  return line?.split(/\s+/) ?? [];
}
