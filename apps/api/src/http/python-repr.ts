/** An object of JSON, and no list. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value inside a message as Python's `%s` would put it; long ones are cut. */
export function pythonRepr(value: unknown): string {
  const spelled = python(value, true);
  return spelled.length > 300 ? `${spelled.slice(0, 300)}...` : spelled;
}

/** A body may be nested a hundred thousand deep; nobody reads further than this. */
const DEEPEST = 20;

function python(value: unknown, outermost = false, depth = 0): string {
  if (depth > DEEPEST) return '...';
  if (value === null || value === undefined) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (typeof value === 'string') return outermost ? value : `'${value}'`;
  if (Array.isArray(value)) return `[${value.map((one) => python(one, false, depth + 1)).join(', ')}]`;
  if (isPlainObject(value)) {
    return `{${Object.entries(value)
      .map(([key, one]) => `'${key}': ${python(one, false, depth + 1)}`)
      .join(', ')}}`;
  }
  return typeof value === 'number' ? String(value) : '';
}
