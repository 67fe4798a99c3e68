type Scalar = string | boolean | number | readonly string[];
export interface TomlTable {
  readonly [key: string]: Scalar | TomlTable;
}

/** TOML text of nested tables. Strings and keys are written as JSON strings, which TOML's basic strings include. */
export function renderToml(table: TomlTable, path: readonly string[] = []): string {
  const isTable = (value: Scalar | TomlTable): value is TomlTable => typeof value === 'object' && !Array.isArray(value);
  const entries = Object.entries(table);
  const scalars = entries
    .filter(([, value]) => !isTable(value))
    .map(([key, value]) => `${quoted(key)} = ${JSON.stringify(value)}\n`);
  const head = path.length > 0 && scalars.length > 0 ? `[${path.map(quoted).join('.')}]\n` : '';
  const tables = entries.flatMap(([key, value]) => (isTable(value) ? [renderToml(value, [...path, key])] : []));
  return [head + scalars.join(''), ...tables].filter((text) => text !== '').join('\n');
}

const quoted = (key: string): string => (/^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key));
