import { gunzipSync } from 'node:zlib';
import { parse } from 'yaml';
import { SimulatedDisk } from './simulated-disk.js';

/** What cloud-init has made of a server's user data. */
export interface CloudInitResult {
  readonly disk: SimulatedDisk;
  /** Commands in order: a list runs as it is, a text through sh. */
  readonly runcmd: readonly (readonly string[] | string)[];
  /** What cloud-init would have written to its log. */
  readonly warnings: readonly string[];
}

export interface InstanceData {
  readonly instanceId: string;
  readonly hostname: string;
  readonly localIp: string;
}

/**
 * Reads user data as cloud-init does: base64 (Nova's form), gzip, MIME multipart, `## template: jinja`, `#cloud-config`
 * with `bootcmd`, `write_files` and `runcmd`, or a `#!` script. Source: cloud-init 25.1, user data formats.
 * Never throws for odd input: cloud-init warns and boots on.
 */
export function runCloudInit(userData: string | null, instance: InstanceData): CloudInitResult {
  const state: State = { disk: new SimulatedDisk(), runcmd: [], warnings: [], instance };
  if (userData !== null && userData !== '') handlePart(Buffer.from(userData, 'base64'), state);
  return state;
}

interface State {
  disk: SimulatedDisk;
  runcmd: (string[] | string)[];
  warnings: string[];
  instance: InstanceData;
}

function handlePart(raw: Buffer, state: State): void {
  const bytes = gunzipMaybe(raw, state);
  let text = bytes.toString('utf8');
  if (/^(mime-version:|content-type:\s*multipart\/)/i.test(text)) return handleMime(text, state);
  const jinja = /^##\s*template:\s*jinja\s*\r?\n/.exec(text);
  if (jinja) text = renderJinja(text.slice(jinja[0].length), state);
  if (/^#cloud-config\b/.test(text)) return handleCloudConfig(text, state);
  if (text.startsWith('#!')) {
    state.disk.write('/var/lib/cloud/instance/scripts/part-001', text, 0o700);
    state.runcmd.push(['/var/lib/cloud/instance/scripts/part-001']);
    return;
  }
  state.warnings.push(`Unhandled non-multipart (text/x-not-multipart) userdata: '${text.slice(0, 24)}...'`);
}

function gunzipMaybe(bytes: Buffer, state: State): Buffer {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: 4 * 1024 * 1024 });
  } catch (error) {
    state.warnings.push(`Failed decompressing user data: ${(error as Error).message}`);
    return Buffer.alloc(0);
  }
}

function handleMime(text: string, state: State): void {
  const [head = '', body = ''] = splitHead(text);
  const boundary = /boundary="?([^";\r\n]+)"?/i.exec(head)?.[1];
  if (boundary === undefined) {
    state.warnings.push('multipart user data without boundary');
    return;
  }
  for (const part of body.split(`--${boundary}`).slice(1)) {
    if (part.startsWith('--')) break;
    const [headers = '', content = ''] = splitHead(part.replace(/^\r?\n/, ''));
    const encoding = /content-transfer-encoding:\s*(\S+)/i.exec(headers)?.[1]?.toLowerCase();
    handlePart(Buffer.from(content.replace(/\r?\n$/, ''), encoding === 'base64' ? 'base64' : 'utf8'), state);
  }
}

function splitHead(text: string): [string, string] {
  const end = /\r?\n\r?\n/.exec(text);
  return end ? [text.slice(0, end.index), text.slice(end.index + end[0].length)] : [text, ''];
}

function renderJinja(text: string, { instance }: State): string {
  const values: Record<string, string> = {
    instance_id: instance.instanceId,
    local_hostname: instance.hostname,
    'ds.meta_data.local_ipv4': instance.localIp,
    'ds.meta_data.uuid': instance.instanceId,
    'ds.meta_data.name': instance.hostname,
  };
  const parts = text.split(/\{%-?\s*(raw|endraw)\s*-?%\}/);
  return parts
    .map((part, index) => {
      if (index % 2 === 1) return '';
      if (parts[index - 1] === 'raw') return part;
      return part.replace(/\{\{\s*([\w.]+)\s*\}\}/g, (whole, name: string) => values[name.replace(/^v1\./, '')] ?? whole);
    })
    .join('');
}

function handleCloudConfig(text: string, state: State): void {
  let config: unknown;
  try {
    config = parse(text, { version: '1.1' });
  } catch (error) {
    state.warnings.push(`Failed loading yaml blob. ${(error as Error).message}`);
    return;
  }
  if (!isRecord(config)) return;
  for (const entry of asList(config['write_files'])) if (isRecord(entry)) writeFile(entry, state);
  for (const key of ['bootcmd', 'runcmd'] as const) {
    for (const command of asList(config[key])) {
      if (typeof command === 'string') state.runcmd.push(command);
      else if (Array.isArray(command)) state.runcmd.push(command.map(String));
    }
  }
}

function writeFile(entry: Record<string, unknown>, state: State): void {
  const path = entry['path'];
  if (typeof path !== 'string' || !path.startsWith('/')) {
    state.warnings.push('No path provided to write for entry in write_files');
    return;
  }
  const mode = parseMode(entry['permissions'], path, state);
  const content = decode(Buffer.from(textOf(entry['content'])), textOf(entry['encoding']) || 'text/plain', path, state);
  if (entry['append'] === true) return state.disk.append(path, content, mode);
  state.disk.write(path, content, mode);
}

function decode(content: Buffer, encoding: string, path: string, state: State): Buffer {
  const word = encoding.toLowerCase().trim();
  if (['gz', 'gzip'].includes(word)) return gunzipMaybe(content, state);
  if (['gz+base64', 'gzip+base64', 'gz+b64', 'gzip+b64'].includes(word)) {
    return gunzipMaybe(Buffer.from(content.toString(), 'base64'), state);
  }
  if (['b64', 'base64'].includes(word)) return Buffer.from(content.toString(), 'base64');
  if (word !== 'text/plain') state.warnings.push(`Unknown encoding type ${encoding}, assuming text/plain (${path})`);
  return content;
}

function parseMode(value: unknown, path: string, state: State): number {
  if (value === undefined || value === null) return 0o644;
  if (typeof value === 'number') return value & 0o7777;
  const text = textOf(value);
  if (/^(0o?)?[0-7]{3,4}$/.test(text)) return Number.parseInt(text.replace(/^0o/, ''), 8);
  state.warnings.push(`Undecodable permissions '${text}' of ${path}, returning default 0644`);
  return 0o644;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : value === undefined || value === null ? '' : JSON.stringify(value);
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
