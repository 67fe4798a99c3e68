const TTL_MS = 30_000;
const MAX_ENTRIES = 5_000;

interface Entry<T> {
  readonly value: Promise<T>;
  readonly until: number;
}

/** Answers that may be half a minute old. Bounded; those who ask together ask once; failures are not remembered. */
export class ShortCache<T> {
  private readonly entries = new Map<string, Entry<T>>();

  constructor(private readonly now: () => number = Date.now) {}

  /** @param keep whether an answer is worth remembering; what was not found may be there in a moment */
  async get(key: string, question: () => Promise<T>, keep: (answer: T) => boolean = () => true): Promise<T> {
    const known = this.entries.get(key);
    if (known && known.until > this.now()) return known.value;
    const entry = { value: question(), until: this.now() + TTL_MS };
    this.entries.delete(key);
    this.entries.set(key, entry);
    if (this.entries.size > MAX_ENTRIES) {
      const oldest = this.entries.keys().next().value;
      if (oldest !== undefined) this.entries.delete(oldest);
    }
    try {
      const answer = await entry.value;
      if (!keep(answer)) this.forget(key, entry);
      return answer;
    } catch (error) {
      this.forget(key, entry);
      throw error;
    }
  }

  private forget(key: string, entry: Entry<T>): void {
    if (this.entries.get(key) === entry) this.entries.delete(key);
  }
}
