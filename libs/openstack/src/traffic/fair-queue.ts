/** Those who wait, lane by lane: each lane in its order, the lanes in turns. What one lane piles up delays that lane. */
export class FairQueue<T> {
  private readonly lanes = new Map<string, Set<T>>();
  private count = 0;

  get size(): number {
    return this.count;
  }

  add(lane: string, item: T): void {
    const items = this.lanes.get(lane);
    if (items) items.add(item);
    else this.lanes.set(lane, new Set([item]));
    this.count++;
  }

  remove(lane: string, item: T): boolean {
    const items = this.lanes.get(lane);
    if (!items?.delete(item)) return false;
    this.count--;
    if (items.size === 0) this.lanes.delete(lane);
    return true;
  }

  /** The first of the lane whose turn it is; lanes that may not go now are passed over, without losing their turn. */
  next(mayGo: (lane: string) => boolean): T | undefined {
    for (const [lane, items] of this.lanes) {
      if (!mayGo(lane)) continue;
      const [item] = items;
      this.remove(lane, item as T);
      // To the end of the row of lanes.
      if (this.lanes.delete(lane)) this.lanes.set(lane, items);
      return item;
    }
    return undefined;
  }

  *items(): IterableIterator<T> {
    for (const items of this.lanes.values()) yield* items;
  }

  get waitingLanes(): IterableIterator<string> {
    return this.lanes.keys();
  }
}
