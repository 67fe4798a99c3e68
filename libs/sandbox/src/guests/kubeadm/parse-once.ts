import { parse } from 'yaml';

const LIMIT = 50;
const known = new Map<string, unknown>();

/** Parses YAML that every node of a cluster reads alike (cluster-info, kubeadm-config). The value must not be changed. */
export function parseOnce(text: string): unknown {
  if (known.has(text)) return known.get(text);
  const value: unknown = parse(text);
  if (known.size >= LIMIT) known.clear();
  known.set(text, value);
  return value;
}
