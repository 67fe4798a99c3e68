export type Labels = Readonly<Record<string, string>>;
export type LabelValue = string | number | boolean;

/**
 * A label's value as Magnum stores and returns it: text in Python spelling (`true` -> `True`, `1.5` -> `1.5`).
 * Clients decode maps of strings, so nothing else may leave. Reference section 8.3.
 */
export function pythonText(value: LabelValue): string {
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return String(value);
}

/** Spells every value of a map in Python's way. */
export function labelsOf(given: Readonly<Record<string, LabelValue>>): Record<string, string> {
  return Object.fromEntries(Object.entries(given).map(([key, value]) => [key, pythonText(value)]));
}

/**
 * The labels a child gets: a copy of its parent's when none are given; exactly the given ones; or, merged, the parent's
 * overlaid with the given ones.
 */
export function inheritLabels(parent: Labels, given: Labels | null, merge: boolean): Record<string, string> {
  if (given === null || Object.keys(given).length === 0) return { ...parent };
  return merge ? { ...parent, ...given } : { ...given };
}

export interface LabelDifference {
  /** In both with different values; the parent's value. */
  readonly overridden: Record<string, string>;
  /** Only in the child. */
  readonly added: Record<string, string>;
  /** Only in the parent; the parent's value. */
  readonly skipped: Record<string, string>;
}

/** How a child's labels differ from its parent's as they are now. */
export function labelDifference(parent: Labels, child: Labels): LabelDifference {
  const difference: LabelDifference = { overridden: {}, added: {}, skipped: {} };
  for (const [key, value] of Object.entries(parent)) {
    const own = Object.hasOwn(child, key) ? child[key] : undefined;
    if (own === undefined) difference.skipped[key] = value;
    else if (own !== value) difference.overridden[key] = value;
  }
  for (const [key, value] of Object.entries(child)) {
    if (!Object.hasOwn(parent, key)) difference.added[key] = value;
  }
  return difference;
}

/** Labels that are switches are read leniently: `true`, `True`, `1`, `yes`, `on`. */
export function isLabelOn(labels: Labels, key: string, fallback = false): boolean {
  const value = labels[key];
  if (value === undefined || value === '') return fallback;
  return ['true', '1', 'yes', 'on', 't', 'y'].includes(value.trim().toLowerCase());
}
