import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { SimulatedDisk } from './simulated-disk.js';

/** What Ignition has made of a server's user data. */
export interface IgnitionResult {
  readonly disk: SimulatedDisk;
  /** Units that systemd starts after the switch to the real root. */
  readonly enabled: readonly string[];
  /** Why the machine stops in the emergency shell; undefined: it boots. */
  readonly failure?: string;
}

/** Of the specification's fields those that a node may need; others are refused here, so that nobody relies on them unseen. */
const resource = z.strictObject({
  source: z.string().optional(),
  compression: z.enum(['', 'gzip']).optional(),
  verification: z.strictObject({ hash: z.string().regex(/^(sha256-[0-9a-f]{64}|sha512-[0-9a-f]{128})$/) }).optional(),
});
const path = z.string().regex(/^\/(?!.*\/\.{0,2}(\/|$)).+$/, 'not a clean absolute path');
const config = z.strictObject({
  ignition: z.strictObject({ version: z.enum(['3.0.0', '3.1.0', '3.2.0', '3.3.0']) }),
  storage: z
    .strictObject({
      files: z
        .array(
          z.strictObject({
            path,
            mode: z.int().min(0).max(0o7777).optional(),
            overwrite: z.boolean().optional(),
            contents: resource,
          }),
        )
        .optional(),
    })
    .optional(),
  systemd: z
    .strictObject({
      units: z
        .array(
          z.strictObject({
            name: z.string().regex(/^[A-Za-z0-9:_.\\@-]+\.(service|socket|mount|timer|target|path)$/),
            enabled: z.boolean().optional(),
            mask: z.boolean().optional(),
            contents: z.string().optional(),
          }),
        )
        .optional(),
    })
    .optional(),
});

/** Mounted read-only on Flatcar and Fedora CoreOS; /usr/local is part of it on the first. */
const READ_ONLY = /^\/(usr|boot|proc|sys)\//;

/**
 * Reads user data as Ignition does: base64 (Nova's form), JSON of specification 3.0 to 3.3. Anything wrong in it keeps the
 * machine in its emergency shell: Ignition does all or nothing. No user data at all is fine.
 * Source: Ignition, Configuration Specification v3.3.0 and its operator notes.
 */
export function runIgnition(userData: string | null): IgnitionResult {
  const disk = new SimulatedDisk();
  if (userData === null || userData === '') return { disk, enabled: [] };
  try {
    return { disk, enabled: apply(Buffer.from(userData, 'base64').toString('utf8'), disk) };
  } catch (error) {
    return { disk: new SimulatedDisk(), enabled: [], failure: (error as Error).message };
  }
}

function apply(text: string, disk: SimulatedDisk): string[] {
  // Scripts and cloud-configs are somebody else's, as Ignition says.
  if (/^(#cloud-config|#!)/.test(text)) return [];
  const read = config.safeParse(JSON.parse(text));
  if (!read.success) {
    const issue = read.error.issues[0];
    throw new Error(`error at $.${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
  }
  const { storage, systemd } = read.data;
  const seen = new Set<string>();
  for (const file of storage?.files ?? []) {
    if (READ_ONLY.test(file.path)) throw new Error(`creating ${file.path}: read-only file system`);
    if (seen.has(file.path)) throw new Error(`${file.path} is listed twice`);
    seen.add(file.path);
    disk.write(file.path, contentOf(file.contents), file.mode ?? 0o644);
  }
  const units = systemd?.units ?? [];
  for (const { name, contents } of units) if (contents !== undefined) disk.write(`/etc/systemd/system/${name}`, contents, 0o644);
  return units.filter((unit) => unit.enabled && !unit.mask).map(({ name }) => name);
}

function contentOf({ source = '', compression, verification }: z.infer<typeof resource>): Buffer {
  const url = /^data:([^,;]*)(;[^,;]*?)*?(;base64)?,(.*)$/s.exec(source);
  if (source !== '' && !url) throw new Error(`simulated Ignition reads data URLs alone, not ${source.slice(0, 40)}`);
  const raw = url?.[3] ? Buffer.from(url[4] ?? '', 'base64') : Buffer.from(decodeURIComponent(url?.[4] ?? ''));
  const bytes = compression === 'gzip' ? gunzipSync(raw, { maxOutputLength: 4 * 1024 * 1024 }) : raw;
  const [type, wanted] = verification?.hash.split('-') ?? [];
  if (type && createHash(type).update(bytes).digest('hex') !== wanted) throw new Error('hash verification failed');
  return bytes;
}
