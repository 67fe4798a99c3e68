import { InvalidInput } from '#libs/domain';
import { isUuidText, type PageRequest } from '#libs/db';
import type { z } from 'zod';
import { query, text } from './wire.js';

export const PAGE_FIELDS = {
  marker: text({ description: 'uuid of the last item of the page before' }),
  limit: text({ description: 'Items at most, 1 and up; the service’s own bound (1000) holds too', example: '100' }),
  sort_key: text({ description: 'Name of a stored field; ties are broken by the order of creation', example: 'name' }),
  sort_dir: text({ description: '`asc` (default) or `desc`' }),
};
export const pageQuery = query(PAGE_FIELDS);
export type PageQuery = z.output<typeof pageQuery>;

/**
 * Magnum's page parameters. Reference section 3.1.
 * @throws InvalidInput
 */
export function pageRequest(given: PageQuery, maxLimit: number, sortable: readonly string[]): PageRequest {
  const { sort_key: sortKey, sort_dir: sortDir, marker } = given;
  if (sortDir !== null && sortDir !== 'asc' && sortDir !== 'desc') {
    throw new InvalidInput('invalid-sort-dir', `Invalid sort direction: ${sortDir}. Acceptable values are 'asc' or 'desc'`, {
      field: 'sort_dir',
    });
  }
  if (sortKey !== null && !sortable.includes(sortKey)) {
    throw new InvalidInput('invalid-sort-key', `The sort_key value "${sortKey}" is an invalid field for sorting`, {
      field: 'sort_key',
    });
  }
  if (marker !== null && !isUuidText(marker)) {
    throw new InvalidInput(
      'invalid-marker',
      `Invalid input for field/attribute marker. Value: '${marker}'. unable to convert to uuid. Error: Expected a uuid but received ${marker}.`,
      { field: 'marker' },
    );
  }
  return { marker, limit: limitOf(given.limit, maxLimit), sortKey: sortKey ?? 'id', sortDir: sortDir ?? 'asc' };
}

function limitOf(given: string | null, maxLimit: number): number {
  if (given === null) return maxLimit;
  if (!/^\s*[+-]?\d{1,15}\s*$/.test(given)) {
    throw new InvalidInput(
      'invalid-limit',
      `Invalid input for field/attribute limit. Value: '${given}'. unable to convert to int. Error: invalid literal for int() with base 10: '${given}'`,
      { field: 'limit' },
    );
  }
  const limit = Number(given);
  if (limit <= 0) throw new InvalidInput('invalid-limit', 'Limit must be positive', { field: 'limit' });
  return Math.min(limit, maxLimit);
}

/**
 * The `next` of a list: there only when the page is full.
 * @param path `/v1/clusters`
 * @param extra further parameters of the list, kept in the link
 */
export function nextLink(
  base: string,
  path: string,
  page: PageRequest,
  items: readonly { uuid: string }[],
  extra: Readonly<Record<string, string>> = {},
): { next?: string } {
  const last = items.at(-1);
  if (!last || items.length < page.limit) return {};
  const parameters = new URLSearchParams({
    sort_key: page.sortKey,
    sort_dir: page.sortDir,
    ...extra,
    limit: String(page.limit),
    marker: last.uuid,
  });
  return { next: `${base}${path}?${parameters.toString()}` };
}
