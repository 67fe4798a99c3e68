import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Difference } from './compare.js';

const text = z.union([z.string(), z.number()]).transform(String);

const deviation = z.strictObject({
  id: z.string().regex(/^[a-z0-9-]+$/),
  /** The page of docs/wire whose table has the line. */
  page: z.string().regex(/^[a-z-]+$/),
  /** Names of the requests, `*` stands for anything; absent: all. */
  requests: z.array(z.string()).default(['*']),
  /** Parts that differ, `*` stands for anything. */
  part: z.union([z.string(), z.array(z.string())]).transform((one) => [one].flat()),
  /** What each side says, `*` stands for anything; absent: whatever it is. */
  magnum: text.optional(),
  ours: text.optional(),
  reason: z.string().min(10),
});
export type Deviation = z.output<typeof deviation>;

export function loadDeviations(path: string): Deviation[] {
  const read = z.array(deviation).safeParse(parse(readFileSync(path, 'utf8')));
  if (!read.success) throw new Error(`${path}: ${z.prettifyError(read.error)}`);
  const twice = read.data.filter(({ id }, index) => read.data.findIndex((other) => other.id === id) !== index);
  if (twice.length > 0) throw new Error(`${path}: ${twice.map(({ id }) => id).join(', ')} is there twice`);
  return read.data;
}

export interface Found extends Difference {
  readonly request: string;
}

/** Why this difference is there: the first entry that fits. */
export function explain(difference: Found, deviations: readonly Deviation[]): Deviation | undefined {
  return deviations.find(
    ({ requests, part, magnum, ours }) =>
      requests.some((pattern) => matches(pattern, difference.request)) &&
      part.some((pattern) => matches(pattern, difference.part)) &&
      (magnum === undefined || matches(magnum, difference.magnum)) &&
      (ours === undefined || matches(ours, difference.ours)),
  );
}

function matches(pattern: string, value: string): boolean {
  const source = pattern
    .split('*')
    .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
    .join('[\\s\\S]*');
  return new RegExp(`^${source}$`).test(value);
}
