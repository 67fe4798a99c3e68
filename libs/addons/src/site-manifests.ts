import { readFile } from 'node:fs/promises';
import { join, normalize } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { ADDON_NAMES, type AddonInput, type AddonName } from './definition.js';
import type { Manifest } from './manifest.js';
import { sha256Of, textOf } from './render.js';
import { BUILT_IN_VERSIONS } from './versions.js';

/** A version whose manifests the operator has put into a folder. */
export interface SiteVersion {
  readonly addon: AddonName;
  readonly version: string;
  readonly kubernetes: readonly string[];
  /** Of its objects' text before anything of a cluster is put in. */
  readonly sha256: string;
  readonly objects: readonly Manifest[];
}

export class InvalidManifests extends Error {}

const index = z.strictObject({
  addons: z.array(
    z.strictObject({
      addon: z.enum(ADDON_NAMES),
      version: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'letters, digits, dot, dash, underscore'),
      kubernetes: z.array(z.string().regex(/^1\.\d{1,3}$/, 'a minor such as 1.36')).min(1),
      files: z
        .array(z.strictObject({ path: z.string().min(1), sha256: z.string().regex(/^[0-9a-f]{64}$/, '64 hexadecimal digits') }))
        .min(1),
    }),
  ),
});

/**
 * The operator's folder: `index.json` names add-ons, versions, minors, and files with their digests. Read once, so that a file
 * that changes later changes nothing.
 * @throws InvalidManifests which file, and what is wrong: no index, another digest, no manifest
 */
export async function readSiteManifests(directory: string): Promise<SiteVersion[]> {
  const text = await content(directory, 'index.json');
  const read = index.safeParse(parsed(text));
  if (!read.success) throw new InvalidManifests(`${directory}/index.json: ${z.prettifyError(read.error)}`);
  const names = new Set(BUILT_IN_VERSIONS.map((row) => `${row.addon} ${row.version}`));
  return Promise.all(
    read.data.addons.map(async ({ addon, version, kubernetes, files }) => {
      const name = `${addon} ${version}`;
      if (names.has(name)) throw new InvalidManifests(`${name} is there already: give yours another version`);
      names.add(name);
      const objects = (await Promise.all(files.map((file) => objectsOf(directory, file)))).flat();
      return { addon, version, kubernetes, sha256: sha256Of(textOf(objects)), objects };
    }),
  );
}

async function objectsOf(directory: string, { path, sha256 }: { path: string; sha256: string }): Promise<Manifest[]> {
  const text = await content(directory, path);
  const found = sha256Of(text);
  if (found !== sha256) throw new InvalidManifests(`${path} has the digest ${found}, the index says ${sha256}`);
  return parseAllDocuments(text, { version: '1.1' }).flatMap((document) => {
    const [error] = document.errors;
    if (error) throw new InvalidManifests(`${path}: ${error.message}`);
    return objectsIn(path, document.toJS() as unknown);
  });
}

async function content(directory: string, path: string): Promise<string> {
  if (normalize(path).startsWith('..') || path.startsWith('/')) throw new InvalidManifests(`${path} is outside of the folder`);
  try {
    return await readFile(join(directory, path), 'utf8');
  } catch (error) {
    throw new InvalidManifests(`${path} cannot be read: ${(error as Error).message}`);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InvalidManifests(`index.json: ${(error as Error).message}`);
  }
}

const manifest = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
});

function objectsIn(path: string, value: unknown): Manifest[] {
  if (value === null || value === undefined) return [];
  const list = z.object({ kind: z.literal('List'), items: z.array(z.unknown()) }).safeParse(value);
  if (list.success) return list.data.items.flatMap((item) => objectsIn(path, item));
  const read = manifest.safeParse(value);
  if (!read.success) throw new InvalidManifests(`${path}: ${z.prettifyError(read.error)}`);
  return [read.data];
}

/** `@@POD_CIDR@@` and the like in the manifests' texts become the cluster's own values. */
export function filledIn(objects: readonly Manifest[], input: AddonInput): Manifest[] {
  const values: Readonly<Record<string, string>> = {
    POD_CIDR: input.podCidr,
    DNS_IP: input.dnsServiceIp,
    CLUSTER_UUID: input.clusterUuid,
    KUBERNETES_VERSION: input.kubernetesVersion,
  };
  const fill = (value: unknown): unknown => {
    if (typeof value === 'string') return value.replaceAll(/@@([A-Z_]+)@@/g, (whole, name: string) => values[name] ?? whole);
    if (Array.isArray(value)) return value.map(fill);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fill(inner)]));
  };
  return objects.map((object) => fill(object) as Manifest);
}
