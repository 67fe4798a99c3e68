import type { ApiError } from './api-error.js';
import { badRequest } from './api-error.js';
import { textOf } from './text.js';

export interface Sort {
  readonly name: string;
  readonly descending: boolean;
}

/** Sort keys with their directions, as repeated query parameters; none: the order of creation. */
export function newestLast(keys: readonly string[], directions: readonly string[]): Sort[] {
  return keys.map((name, index) => ({ name, descending: directions[index]?.toLowerCase() === 'desc' }));
}

/**
 * One page of `items` after a marker.
 * @returns the page, and the marker of the next one if there is more
 */
export function pageOf<T>(
  items: readonly T[],
  options: {
    readonly key: (item: T) => string;
    readonly limit: string | null;
    readonly marker: string | null;
    readonly maximum?: number;
    readonly reverse?: boolean;
    readonly sort: readonly Sort[];
    readonly value: (item: T, name: string) => unknown;
    readonly missingMarker: (marker: string) => ApiError;
  },
): { readonly items: readonly T[]; readonly next: string | undefined } {
  let rows = items;
  if (options.sort.length > 0) {
    rows = [...items].sort((a, b) => {
      for (const { name, descending } of options.sort) {
        const order = compare(options.value(a, name), options.value(b, name));
        if (order !== 0) return descending ? -order : order;
      }
      return 0;
    });
  }
  if (options.reverse === true) rows = [...rows].reverse();
  if (options.limit !== null && !/^\d+$/.test(options.limit))
    throw badRequest(`Invalid input for field/attribute limit. Value: ${options.limit}.`, 'BadRequest');
  let start = 0;
  if (options.marker !== null && options.marker !== '') {
    const at = rows.findIndex((item) => options.key(item) === options.marker);
    if (at === -1) throw options.missingMarker(options.marker);
    start = at + 1;
  }
  const stated = options.limit === null || options.limit === '0' ? Number.POSITIVE_INFINITY : Number(options.limit);
  const limit = Math.min(stated, options.maximum ?? Number.POSITIVE_INFINITY);
  const page = rows.slice(start, start + limit);
  const last = page.at(-1);
  return { items: page, next: last !== undefined && start + limit < rows.length ? options.key(last) : undefined };
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [left, right] = [textOf(a), textOf(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}
