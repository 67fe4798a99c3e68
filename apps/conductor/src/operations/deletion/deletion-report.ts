import type { NewEvent } from '#libs/db';
import type { KeptObject, MadeObject } from '#libs/openstack';
import type { OperationContext } from '../operation.js';
import { boundedList } from '../awaited.js';

/** An object of the cloud, in the words of the report. Types of stack resources are HOT's. */
export interface ReportedObject {
  readonly type: string;
  readonly id: string;
  readonly name: string;
  readonly reason?: string | undefined;
}

/** In the operation's result; longer lists are cut, the counts are of all. */
const MOST_LISTED = 1_000;
const MOST_IN_EVENT = 100;

type Lists = 'removed' | 'kept' | 'left';

/**
 * What a deletion has removed, kept and left. Intents are committed before the cloud is asked, so that whoever goes on after
 * a crash knows what went in between: what was to go and is not there any more.
 */
export class DeletionReport {
  private readonly intended: Map<string, ReportedObject>;
  private readonly lists: Record<Lists, Map<string, ReportedObject>>;
  private readonly told: Record<Lists, Set<string>>;

  /** @param result of the operation, as it is in the database now */
  constructor(result: Readonly<Record<string, unknown>> | null) {
    const list = (name: string): Map<string, ReportedObject> =>
      new Map(((result?.[name] as ReportedObject[] | undefined) ?? []).map((object) => [object.id, object]));
    this.intended = list('removing');
    this.lists = { removed: list('removed'), kept: list('kept'), left: list('left') };
    this.told = {
      removed: new Set(this.lists.removed.keys()),
      kept: new Set(this.lists.kept.keys()),
      left: new Set(this.lists.left.keys()),
    };
  }

  /** @returns whether something is new, which is to be committed before it is removed */
  intend(objects: readonly MadeObject[]): boolean {
    const fresh = objects.filter(({ id }) => !this.intended.has(id));
    for (const object of fresh) this.intended.set(object.id, object);
    return fresh.length > 0;
  }

  /** @param present ids of what is still there and to go */
  settle(present: ReadonlySet<string>, kept: readonly KeptObject[]): void {
    this.lists.kept = new Map(kept.map((object) => [object.id, object]));
    for (const [id, object] of this.intended) {
      if (present.has(id)) continue;
      this.intended.delete(id);
      if (!this.lists.kept.has(id)) this.lists.removed.set(id, object);
    }
  }

  leave(object: ReportedObject): void {
    this.intended.delete(object.id);
    this.lists.left.set(object.id, object);
  }

  /** Whether something is to go of which nobody knows yet that it has gone. */
  get isRemoving(): boolean {
    return this.intended.size > 0;
  }

  hasLeft(id: string): boolean {
    return this.lists.left.has(id);
  }

  get result(): Record<string, unknown> {
    const cut = (objects: ReadonlyMap<string, ReportedObject>): ReportedObject[] => [...objects.values()].slice(0, MOST_LISTED);
    const { removed, kept, left } = this.lists;
    return {
      removing: cut(this.intended),
      removed: cut(removed),
      kept: cut(kept),
      left: cut(left),
      counts: { removed: counts(removed), kept: counts(kept), left: counts(left) },
    };
  }

  /** Of what has come to the lists since the last time, one for each type of object. Commit them with the result. */
  events(ctx: OperationContext): NewEvent[] {
    return (['removed', 'kept', 'left'] as const).flatMap((name) => {
      const fresh = [...this.lists[name].values()].filter(({ id }) => !this.told[name].has(id));
      for (const { id } of fresh) this.told[name].add(id);
      const types = [...new Set(fresh.map(({ type }) => type))];
      return types.map((type) =>
        this.event(
          ctx,
          name,
          type,
          fresh.filter((object) => object.type === type),
        ),
      );
    });
  }

  private event(ctx: OperationContext, list: Lists, type: string, objects: readonly ReportedObject[]): NewEvent {
    const told = objects.map(({ id, name, reason }) => `${name || id}${reason ? ` (${reason})` : ''}`);
    return {
      clusterUuid: ctx.cluster.uuid,
      projectId: ctx.cluster.projectId,
      operationUuid: ctx.operation.uuid,
      type: `delete.${list}`,
      level: list === 'left' ? 'warning' : 'info',
      message: `${WORDS[list]} ${type} ${boundedList(told)}`,
      data: { kind: 'delete', objectType: type, count: objects.length, objects: objects.slice(0, MOST_IN_EVENT) },
    };
  }
}

const WORDS: Readonly<Record<Lists, string>> = { removed: 'removed', kept: 'kept', left: 'may have left' };

function counts(objects: ReadonlyMap<string, ReportedObject>): Record<string, number> {
  const byType: Record<string, number> = {};
  for (const { type } of objects.values()) byType[type] = (byType[type] ?? 0) + 1;
  return byType;
}
