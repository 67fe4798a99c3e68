import type { Scope } from '#libs/domain';
import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';

/** One page of a list, as asked for on the wire. Names are columns. */
export interface PageRequest {
  /** uuid of the last item seen. */
  readonly marker: string | null;
  readonly limit: number;
  /** A column; checked against a list of known ones by the repository. */
  readonly sortKey: string;
  readonly sortDir: 'asc' | 'desc';
}

/** Narrows a query to what the scope may see. */
export function withinScope<T extends ObjectLiteral>(query: SelectQueryBuilder<T>, scope: Scope): SelectQueryBuilder<T> {
  if (scope.kind === 'all-projects') return query;
  return query.andWhere(`${query.alias}.project_id = :scopeProject`, { scopeProject: scope.projectId });
}

/** What stands for null in a comparison: below every value, so nulls come first as in Magnum's database. */
const BELOW_ALL: Readonly<Record<string, string>> = {
  text: `''`,
  integer: '-2147483648',
  timestamptz: `'-infinity'::timestamptz`,
};

/** Columns that a list can be sorted by, by name. */
export function sortableColumns(query: { columns: readonly { databaseName: string; type: unknown }[] }): string[] {
  return query.columns.filter((column) => column.type !== 'jsonb').map((column) => column.databaseName);
}

/**
 * Orders by (sort key, id) and begins after the marker: keyset paging, the cost of a page does not grow with its number.
 * The marker's row is found inside the same statement.
 */
export function afterMarker<T extends ObjectLiteral>(query: SelectQueryBuilder<T>, page: PageRequest): SelectQueryBuilder<T> {
  const { alias } = query;
  const metadata = query.expressionMap.mainAlias?.metadata;
  const column = metadata?.columns.find((one) => one.databaseName === page.sortKey);
  if (!metadata || !column || column.type === 'jsonb') throw new Error(`${page.sortKey} is not a column to sort by`);
  const below = column.isNullable ? BELOW_ALL[String(column.type)] : undefined;
  const key = (table: string): string => {
    const name = `${table}.${column.databaseName}`;
    return below ? `coalesce(${name}, ${below})` : name;
  };
  const direction = page.sortDir === 'asc' ? 'ASC' : 'DESC';
  const compare = page.sortDir === 'asc' ? '>' : '<';
  const byId = column.databaseName === 'id';
  if (page.marker !== null) {
    const marker = `FROM ${metadata.tableName} m WHERE m.uuid = :marker`;
    query.andWhere(
      byId
        ? `${alias}.id ${compare} (SELECT m.id ${marker})`
        : `(${key(alias)}, ${alias}.id) ${compare} (SELECT ${key('m')}, m.id ${marker})`,
      { marker: page.marker },
    );
  }
  if (!byId) query.orderBy(key(alias), direction);
  return query.addOrderBy(`${alias}.id`, direction).limit(page.limit);
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Canonical, lower case: only then an identifier is a uuid; else it is a name. Reference section 3.5. */
export const isUuidText = (text: string): boolean => UUID.test(text);
