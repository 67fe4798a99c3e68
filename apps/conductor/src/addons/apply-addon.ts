import { ADDON_LABEL, FIELD_MANAGER, inRanks, keyOf, keyText, type ObjectKey, type RenderedAddon } from '#libs/addons';
import { isNotFound, isRetryable, type ClusterClient } from '#libs/kubernetes';

const FIRST_PAUSE_MS = 250;
const LAST_PAUSE_MS = 5_000;

export type AddonClient = Pick<ClusterClient, 'apply' | 'removeObject'>;

/** What to do to one add-on of a cluster. */
export interface AddonTask {
  readonly name: string;
  /** Null: it is to go. */
  readonly wanted: RenderedAddon | null;
  /** Objects that may be there of it. */
  readonly inventory: readonly ObjectKey[];
}

/** Of the objects that may be there those that are not wanted any more. Pure. */
export function surplus({ wanted, inventory }: Pick<AddonTask, 'wanted' | 'inventory'>): ObjectKey[] {
  const kept = new Set(wanted?.objects.map((object) => keyText(keyOf(object))));
  return inventory.filter((key) => !kept.has(keyText(key)));
}

/** Both what may be there and what is about to be: written down before anything is applied. Pure. */
export function unionOf({ wanted, inventory }: Pick<AddonTask, 'wanted' | 'inventory'>): ObjectKey[] {
  const keys = [...inventory, ...(wanted?.objects.map(keyOf) ?? [])];
  return [...new Map(keys.map((key) => [keyText(key), key])).values()];
}

/**
 * Applies what is wanted, rank after rank, then removes what a former version had beside. May be begun again at any time.
 * What the cluster's API refuses for the moment, or does not know yet, is tried again until `patience` ends.
 * @throws KubernetesError; the signal's reason
 */
export async function applyAddon(
  client: AddonClient,
  task: AddonTask,
  signal: AbortSignal,
  patience: AbortSignal,
): Promise<void> {
  for (const rank of inRanks(task.wanted?.objects ?? [])) {
    await all(rank, (object) => persist(() => client.apply(object, FIELD_MANAGER, { signal }), signal, patience));
  }
  const label = { key: ADDON_LABEL, value: task.name };
  for (const rank of inRanks(surplus(task)).toReversed()) {
    await all(rank, (key) => persist(() => client.removeObject(key, label, { signal }), signal, patience));
  }
}

/** Every one is seen to its end: nothing goes on behind the back of whoever hears of the failure. */
async function all<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const failed = (await Promise.allSettled(items.map(work))).find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}

/** A namespace or a kind that was applied a moment ago may still be unknown. */
const comesLater = (error: unknown): boolean => isRetryable(error) || isNotFound(error);

/** Calls until it succeeds, or fails for good, or until patience ends: then the last failure is thrown. */
export async function persist<T>(call: () => Promise<T>, signal: AbortSignal, patience: AbortSignal): Promise<T> {
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(LAST_PAUSE_MS, pause * 2)) {
    try {
      return await call();
    } catch (error) {
      signal.throwIfAborted();
      if (!comesLater(error) || patience.aborted) throw error;
    }
    await pauseFor(pause, AbortSignal.any([signal, patience]));
    signal.throwIfAborted();
  }
}

function pauseFor(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end, { once: true });
  });
}
