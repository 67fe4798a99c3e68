import { gzipSync } from 'node:zlib';

/** Below this gzip and its base64 gain nothing. */
const WORTH_PACKING = 1024;

export const isWorthPacking = (content: string): boolean => content.length >= WORTH_PACKING;

const known = new Map<string, string>();
const MOST_KNOWN = 64;

/** Gzip in base64. The scripts of a release are packed once, not for each of a thousand nodes. */
export function packed(content: string): string {
  const found = known.get(content);
  if (found !== undefined) return found;
  const text = gzipSync(content, { level: 9 }).toString('base64');
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(content, text);
  return text;
}
