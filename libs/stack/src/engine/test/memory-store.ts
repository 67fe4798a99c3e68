import type {
  Lease,
  LoadedStack,
  NewResource,
  NewStack,
  StackChange,
  StackCheckpoint,
  StackEvent,
  StackRecord,
  StackResourceRecord,
  StackStore,
} from '#libs/db';
import { Superseded, type Scope } from '#libs/domain';

const newRow = (row: NewResource): StackResourceRecord => ({
  ...structuredClone({ ...row, requires: [...row.requires] }),
  physicalId: null,
  action: 'INIT',
  status: 'COMPLETE',
  statusReason: null,
  attributes: {},
  definition: null,
  attempts: 0,
  revision: 1,
});

/** The store's promises kept in memory: fencing, revisions, all or nothing. Counts its transactions. */
export class MemoryStackStore implements StackStore {
  readonly events: StackEvent[] = [];
  transactions = 0;
  private readonly stacks = new Map<string, StackRecord>();
  private readonly resources = new Map<string, Map<string, StackResourceRecord>>();
  private readonly holders = new Map<string, Lease>();

  /** Gives the lease to somebody, with the next epoch. */
  take(name: string, owner: string): Lease {
    const lease = { name, owner, epoch: String(Number(this.holders.get(name)?.epoch ?? 0) + 1) };
    this.holders.set(name, lease);
    return lease;
  }

  async open(lease: Lease, { resources, ...stack }: NewStack): Promise<LoadedStack> {
    this.check(lease);
    const there = [...this.stacks.values()].find(
      ({ clusterUuid, name }) => clusterUuid === stack.clusterUuid && name === stack.name,
    );
    if (!there) {
      this.transactions++;
      this.stacks.set(
        stack.uuid,
        structuredClone({
          ...stack,
          backend: stack.backend ?? 'native',
          remote: null,
          action: 'CREATE',
          status: 'IN_PROGRESS',
          statusReason: null,
          outputs: {},
        }),
      );
      const rows = resources.map(newRow);
      this.resources.set(stack.uuid, new Map(rows.map((row) => [row.uuid, row])));
    }
    return this.loaded(there?.uuid ?? stack.uuid) as LoadedStack;
  }

  async load(_scope: Scope, uuid: string): Promise<LoadedStack | null> {
    return this.loaded(uuid);
  }

  async write(lease: Lease, stackUuid: string, checkpoint: StackCheckpoint): Promise<void> {
    this.check(lease);
    const rows = this.resources.get(stackUuid) ?? new Map<string, StackResourceRecord>();
    const stack = this.stacks.get(stackUuid);
    if (checkpoint.resources.some(({ uuid, revision }) => rows.get(uuid)?.revision !== revision))
      throw new Superseded('written by someone else');
    this.transactions++;
    const { resources, removed = [], added = [] } = structuredClone(checkpoint);
    for (const change of resources) {
      const row = rows.get(change.uuid) as StackResourceRecord;
      const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
      rows.set(row.uuid, { ...row, ...given, revision: row.revision + 1 });
    }
    for (const uuid of removed) rows.delete(uuid);
    for (const row of added) rows.set(row.uuid, newRow(row));
    if (new Set([...rows.values()].map(({ name }) => name)).size < rows.size) throw new Error('two rows have one name');
    if (checkpoint.stack && stack) {
      const given = Object.entries(structuredClone(checkpoint.stack)).filter(([, value]) => value !== undefined);
      this.stacks.set(stackUuid, { ...stack, ...(Object.fromEntries(given) as StackChange) });
    }
    this.events.push(...structuredClone(checkpoint.events));
  }

  /** `CREATE COMPLETE` of the stack. */
  stackState(uuid: string): string {
    const stack = this.stacks.get(uuid);
    return stack ? `${stack.action} ${stack.status}` : 'none';
  }

  row(stackUuid: string, name: string): StackResourceRecord | undefined {
    return this.rows(stackUuid).find((row) => row.name === name);
  }

  rows(stackUuid: string): StackResourceRecord[] {
    return [...(this.resources.get(stackUuid)?.values() ?? [])];
  }

  rowNamed(physicalName: string): StackResourceRecord | undefined {
    return [...this.resources.values()].flatMap((rows) => [...rows.values()]).find((row) => row.physicalName === physicalName);
  }

  /** `{ network: 'CREATE COMPLETE', ... }` */
  rowStates(stackUuid: string): Record<string, string> {
    const rows = this.rows(stackUuid);
    return Object.fromEntries(rows.map(({ name, action, status }) => [name, `${action} ${status}`]));
  }

  /** All that is kept, as text. */
  dump(): string {
    return JSON.stringify([
      [...this.stacks.values()],
      [...this.resources.values()].map((rows) => [...rows.values()]),
      this.events,
    ]);
  }

  private check(lease: Lease): void {
    const holder = this.holders.get(lease.name);
    if (holder?.owner !== lease.owner || holder.epoch !== lease.epoch)
      throw new Superseded('the lease has passed to someone else');
  }

  private loaded(uuid: string): LoadedStack | null {
    const stack = this.stacks.get(uuid);
    return stack ? structuredClone({ stack, resources: [...(this.resources.get(uuid)?.values() ?? [])] }) : null;
  }
}
