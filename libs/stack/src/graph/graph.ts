/** `path` closes: its last name is its first. */
export class GraphCycle extends Error {
  readonly code = 'graph-cycle';
  constructor(readonly path: readonly string[]) {
    super(`each of these needs the next: ${path.join(' -> ')}`);
    this.name = 'GraphCycle';
  }
}

export type Direction = 'forward' | 'reverse';

/** Names and what each of them needs. Knows no cloud. Immutable, without cycles, O(nodes + edges) in everything. */
export class Graph {
  private readonly dependants = new Map<string, string[]>();

  /**
   * @param requires for each name the names that come before it; a name that is not a key itself is left out (it needs no visit)
   * @throws GraphCycle
   */
  constructor(private readonly requires: ReadonlyMap<string, readonly string[]>) {
    for (const name of requires.keys()) this.dependants.set(name, []);
    for (const [name, needs] of requires) for (const need of new Set(needs)) this.dependants.get(need)?.push(name);
    const cycle = findCycle(requires);
    if (cycle) throw new GraphCycle(cycle);
  }

  get names(): readonly string[] {
    return [...this.requires.keys()];
  }

  get size(): number {
    return this.requires.size;
  }

  /** What must be done before `name`, going in this direction. */
  before(name: string, direction: Direction): readonly string[] {
    if (direction === 'reverse') return this.dependants.get(name) ?? [];
    return [...new Set(this.requires.get(name))].filter((need) => this.requires.has(need));
  }

  /** What waits for `name`, going in this direction. */
  after(name: string, direction: Direction): readonly string[] {
    return this.before(name, direction === 'forward' ? 'reverse' : 'forward');
  }
}

/** Depth first without recursion: a chain of a hundred thousand must not end the stack. */
function findCycle(requires: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const state = new Map<string, 'open' | 'closed'>();
  for (const root of requires.keys()) {
    if (state.has(root)) continue;
    state.set(root, 'open');
    const path: { name: string; next: number }[] = [{ name: root, next: 0 }];
    for (let top = path.at(-1); top; top = path.at(-1)) {
      const need = requires.get(top.name)?.[top.next++];
      if (need === undefined) {
        state.set(top.name, 'closed');
        path.pop();
      } else if (state.get(need) === 'open') {
        const names = path.map(({ name }) => name);
        return [...names.slice(names.indexOf(need)), need];
      } else if (!state.has(need) && requires.has(need)) {
        state.set(need, 'open');
        path.push({ name: need, next: 0 });
      }
    }
  }
  return undefined;
}
