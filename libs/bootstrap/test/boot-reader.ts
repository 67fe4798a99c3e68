import { gunzipSync } from 'node:zlib';
import { parse } from 'yaml';

export interface ReadUserData {
  readonly format: 'cloud-config' | 'ignition';
  readonly files: readonly { path: string; mode: number; content: string }[];
  readonly units: readonly { name: string; content: string; masked: boolean }[];
}

interface CloudConfig {
  readonly write_files: { path: string; permissions: string; encoding?: string; content: string }[];
  readonly runcmd: string[][];
}
interface Ignition {
  readonly storage: { files: { path: string; mode: number; contents: { source: string; compression?: string } }[] };
  readonly systemd: { units: { name: string; mask?: boolean; contents?: string }[] };
}

/** User data of either form, as its machine would read it. */
export function readUserData(text: string): ReadUserData {
  return text.startsWith('#cloud-config\n') ? readCloudConfig(text) : readIgnition(JSON.parse(text) as Ignition);
}

const UNITS = '/etc/systemd/system/';

function readCloudConfig(text: string): ReadUserData {
  const config = parse(text, { version: '1.1' }) as CloudConfig;
  const files = config.write_files.map(({ path, permissions, encoding, content }) => ({
    path,
    mode: Number.parseInt(permissions, 8),
    content: encoding === 'gz+b64' ? gunzipSync(Buffer.from(content, 'base64')).toString() : content,
  }));
  const masked = config.runcmd.filter((words) => words[1] === 'mask').flatMap((words) => words.slice(3));
  return {
    format: 'cloud-config',
    files,
    units: [
      ...files
        .filter(({ path }) => path.startsWith(UNITS))
        .map(({ path, content }) => ({ name: path.slice(UNITS.length), content, masked: false })),
      ...masked.map((name) => ({ name, content: '', masked: true })),
    ],
  };
}

function readIgnition(config: Ignition): ReadUserData {
  return {
    format: 'ignition',
    files: config.storage.files.map(({ path, mode, contents }) => {
      const bytes = Buffer.from(contents.source.slice('data:;base64,'.length), 'base64');
      return { path, mode, content: (contents.compression === 'gzip' ? gunzipSync(bytes) : bytes).toString() };
    }),
    units: config.systemd.units.map(({ name, mask = false, contents = '' }) => ({ name, content: contents, masked: mask })),
  };
}
