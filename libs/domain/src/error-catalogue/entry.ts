/** Who can mend it. */
export type FixableBy = 'user' | 'operator';

/** What is known of a code before anything has happened. */
export interface ErrorEntry {
  /** A few words. */
  readonly title: string;
  /** What has happened, for whoever meets it for the first time. */
  readonly explanation: string;
  readonly fixableBy: FixableBy;
  /** What he can do. */
  readonly hint: string;
  /** HTTP statuses with which the API answers; none: it is met in operations, steps and events alone. */
  readonly statuses: readonly number[];
}

/** Entries keep their literal types: the union of codes and their statuses are derived from them. */
export const entries = <const T extends Readonly<Record<string, ErrorEntry>>>(table: T): T => table;
