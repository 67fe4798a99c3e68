import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

/** Who sends: the bench's users, and tokens that are none. */
export const ROLES = ['demo', 'reader', 'other', 'admin', 'system', 'unscoped', 'invalid', 'nobody'] as const;
export type Role = (typeof ROLES)[number];

const request = z.strictObject({
  name: z.string().min(1),
  /** `METHOD PATH`, with `{placeholders}`. */
  send: z.string().regex(/^[A-Z]+ \/\S*$/),
  as: z.enum(ROLES).default('demo'),
  /** Microversion, sent as `container-infra VERSION`; absent: none is sent. */
  version: z.string().optional(),
  /** Sent as they are; null: not even the usual one. */
  headers: z.record(z.string(), z.string().nullable()).default({}),
  /** Sent as JSON. */
  body: z.json().optional(),
  /** Sent as it is. */
  text: z.string().optional(),
  /** Placeholder to dotted path in the answer's body. */
  save: z.record(z.string(), z.string()).default({}),
});

const wait = z.strictObject({
  wait: z.string(),
  /** The request that begins what is waited for: where it was refused there is nothing to wait for. */
  after: z.string(),
  send: z.string().regex(/^GET \/\S*$/),
  as: z.enum(ROLES).default('demo'),
  version: z.string().optional(),
  /** Until the status is this, */
  status: z.number().default(200),
  /** and the body has these texts at these dotted paths. */
  until: z.record(z.string(), z.string()).default({}),
});

export type WireRequest = z.output<typeof request> & { readonly section: string };
export type WireWait = z.output<typeof wait>;
export type WireStep = WireRequest | WireWait;

export const isWait = (step: WireStep): step is WireWait => 'wait' in step;

const sections = z.record(z.string(), z.array(z.union([wait, request])));

/**
 * The steps of `order.yaml` in their order: each of its lines is `FILE/SECTION` of a file beside it. A section may be
 * named once, and each must be named.
 */
export function loadScript(folder: string): WireStep[] {
  const order = z.array(z.string().regex(/^[a-z-]+\/[a-z0-9-]+$/)).parse(parse(readFileSync(join(folder, 'order.yaml'), 'utf8')));
  const files = new Map<string, Map<string, WireStep[]>>();
  for (const file of new Set(order.map((line) => line.split('/')[0] ?? ''))) {
    const path = join(folder, `${file}.yaml`);
    const read = sections.safeParse(parse(readFileSync(path, 'utf8')));
    if (!read.success) throw new Error(`${path}: ${z.prettifyError(read.error)}`);
    const tagged = Object.entries(read.data).map(
      ([name, steps]) => [name, steps.map((step) => ('wait' in step ? step : { ...step, section: `${file}/${name}` }))] as const,
    );
    files.set(file, new Map(tagged));
  }
  const steps = order.flatMap((line) => {
    const [file = '', section = ''] = line.split('/');
    const found = files.get(file)?.get(section);
    if (!found) throw new Error(`order.yaml names ${line}, which is not there or was there before`);
    files.get(file)?.delete(section);
    return found;
  });
  const forgotten = [...files].flatMap(([file, left]) => [...left.keys()].map((section) => `${file}/${section}`));
  if (forgotten.length > 0) throw new Error(`order.yaml forgets ${forgotten.join(', ')}`);
  assertDistinct(steps);
  return steps;
}

function assertDistinct(steps: readonly WireStep[]): void {
  const seen = new Set<string>();
  for (const step of steps) {
    if (isWait(step)) {
      if (!seen.has(step.after)) throw new Error(`"${step.wait}" waits for "${step.after}", which does not come before it`);
      continue;
    }
    const name = nameOf(step);
    if (seen.has(name)) throw new Error(`two requests are called "${name}"`);
    seen.add(name);
  }
}

export const nameOf = ({ section, name }: WireRequest): string => `${section}: ${name}`;
