import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const WIDTH = 132;

/** Where the checked-in file of a resource is, seen from dist. */
const pathOf = (resource: string): string =>
  fileURLToPath(new URL(`../../../../../apps/api/test/golden/${resource}.json`, import.meta.url));

export function readGolden<T>(resource: string): T | undefined {
  const path = pathOf(resource);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as T) : undefined;
}

export function writeGolden(resource: string, value: unknown): void {
  writeFileSync(pathOf(resource), `${lay(value)}\n`);
}

/** For the OpenAPI document. */
export function writeExamples(examples: unknown): void {
  const path = fileURLToPath(new URL('../../../../../apps/api/assets/examples.json', import.meta.url));
  writeFileSync(path, `${lay(examples)}\n`);
}

/** JSON for reading: what fits on a line is one line. */
export function lay(value: unknown, indent = ''): string {
  const flat = JSON.stringify(value, null, 1)?.replace(/\n\s*/g, ' ') ?? 'null';
  if (typeof value !== 'object' || value === null || indent.length + flat.length <= WIDTH) return flat;
  const inner = `${indent}  `;
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  const lines = Array.isArray(value)
    ? value.map((one) => inner + lay(one, inner))
    : Object.entries(value).map(([key, one]) => `${inner}${JSON.stringify(key)}: ${lay(one, inner)}`);
  return `${open}\n${lines.join(',\n')}\n${indent}${close}`;
}
