import { Column, type ColumnOptions, type ValueTransformer } from 'typeorm';

/** Postgres sends bigint as text; our ids stay far below 2^53. */
const safeInteger: ValueTransformer = {
  to: (value: unknown) => value,
  from: (value: string | null) => (value === null ? null : Number(value)),
};

/** The table's running number: the order of creation, and the key of `sort_key=id`. */
export function IdColumn(): PropertyDecorator {
  return Column({ type: 'bigint', primary: true, generated: 'identity', generatedIdentity: 'ALWAYS', transformer: safeInteger });
}

/** A text column that may be null. */
export function TextColumn(name: string, options: ColumnOptions = {}): PropertyDecorator {
  return Column({ type: 'text', name, nullable: true, ...options });
}

export function TimeColumn(name: string, options: ColumnOptions = {}): PropertyDecorator {
  return Column({ type: 'timestamptz', name, nullable: true, ...options });
}

/** `created_at`, written by the database. */
export function CreatedAtColumn(): PropertyDecorator {
  return Column({ type: 'timestamptz', name: 'created_at', default: () => 'now()' });
}

export function JsonColumn(name: string, fallback: '{}' | '[]' = '{}'): PropertyDecorator {
  return Column({ type: 'jsonb', name, default: fallback === '{}' ? {} : [] });
}

/** Raised by each change; what an ETag and an optimistic write compare. */
export function RevisionColumn(): PropertyDecorator {
  return Column({ type: 'integer', name: 'revision', default: 1 });
}
