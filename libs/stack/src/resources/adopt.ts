interface Candidate {
  readonly id: string;
  readonly created_at?: string | null | undefined;
}

/**
 * Which of the objects that are surely ours (name and key compared by the caller) the resource shall be: the oldest usable
 * one, else the oldest. The others, left by a create whose answer was lost more than once, are removed.
 * @returns null when there is none
 */
export async function adopt<T extends Candidate>(
  ours: readonly T[],
  usable: (object: T) => boolean,
  remove: (object: T) => Promise<unknown>,
): Promise<string | null> {
  const byAge = [...ours].sort((a, b) => compare(a.created_at ?? '', b.created_at ?? '') || compare(a.id, b.id));
  const kept = byAge.find(usable) ?? byAge[0];
  if (!kept) return null;
  for (const other of byAge) if (other !== kept) await remove(other);
  return kept.id;
}

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
