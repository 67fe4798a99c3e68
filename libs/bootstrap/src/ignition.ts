import { isWorthPacking, packed } from './data.js';
import type { BootFile, FirstBoot } from './first-boot.js';

/** Flatcar reads it since 3185, Fedora CoreOS reads every 3.x. Source: Ignition, Configuration Specification v3.3.0. */
const SPECIFICATION = '3.3.0';

/** For Ignition (Flatcar, Fedora CoreOS): JSON, files as data URLs, long ones gzipped. Nothing in it is fetched from elsewhere. */
export function renderIgnition(boot: FirstBoot): string {
  const config = {
    ignition: { version: SPECIFICATION },
    storage: { files: boot.files.map(file) },
    systemd: {
      units: [
        ...boot.masked.map((name) => ({ name, mask: true })),
        { name: boot.unit.name, enabled: true, contents: boot.unit.content },
      ],
    },
  };
  return `${JSON.stringify(config)}\n`;
}

/** Modes are decimal in JSON. */
function file({ path, mode, content }: BootFile): object {
  const contents = isWorthPacking(content)
    ? { source: `data:;base64,${packed(content)}`, compression: 'gzip' }
    : { source: `data:;base64,${Buffer.from(content).toString('base64')}` };
  return { path, mode: Number.parseInt(mode, 8), overwrite: true, contents };
}
