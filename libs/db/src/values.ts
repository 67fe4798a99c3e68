import type { ObjectLiteral } from 'typeorm';
import type { QueryDeepPartialEntity } from 'typeorm/query-builder/QueryPartialEntity.js';

/**
 * A row to insert or the columns to set, as TypeORM wants them. Its own type takes `unknown` inside a JSON column for an
 * entity; ours is the plain one.
 */
export const values = <T extends ObjectLiteral>(row: Partial<T>): QueryDeepPartialEntity<T> => row;
