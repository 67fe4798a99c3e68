import { stringify } from 'yaml';
import { isWorthPacking, packed } from './data.js';
import type { BootFile, FirstBoot } from './first-boot.js';

/** For cloud-init (Ubuntu, Debian): `#cloud-config`, YAML 1.1 as its reader has it. Source: cloud-init, Module reference. */
export function renderCloudConfig(boot: FirstBoot): string {
  const { name, content } = boot.unit;
  const config = {
    write_files: [...boot.files, { path: `/etc/systemd/system/${name}`, mode: '0644', content }].map(writeFile),
    runcmd: [
      ['systemctl', 'daemon-reload'],
      ...(boot.masked.length > 0 ? [['systemctl', 'mask', '--now', ...boot.masked]] : []),
      ['systemctl', 'enable', '--now', '--no-block', name],
    ],
  };
  return `#cloud-config\n${stringify(config, { version: '1.1', lineWidth: 0 })}`;
}

function writeFile({ path, mode, content }: BootFile): object {
  const head = { path, owner: 'root:root', permissions: mode };
  return isWorthPacking(content) ? { ...head, encoding: 'gz+b64', content: packed(content) } : { ...head, content };
}
