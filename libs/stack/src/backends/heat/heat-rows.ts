import type { HeatResource } from '#libs/openstack';
import { isNotFound } from '#libs/openstack';
import type { StackAction } from '#libs/domain';
import { declaredAttributes } from '../../engine/readiness.js';
import { definitionOf, sameDocument } from '../../engine/definition.js';
import { patiently } from '../../engine/resource-calls.js';
import type { Row } from '../../engine/stack-rows.js';
import type { StackWalk } from '../../engine/stack-walk.js';
import type { WantedResource, WantedStack } from '../../engine/wanted-stack.js';
import { ALONE } from './alone.js';
import { heatWords } from './failures.js';
import { finisherOf } from './finish.js';
import { physicalIdOf } from './physical-ids.js';
import { removeRetainedObject } from './retained.js';
import { stateOf } from './sight.js';

const READS_AT_ONCE = 16;

interface Seen {
  readonly row: Row;
  readonly heatId: string;
  readonly action: StackAction;
  readonly status: string;
  readonly reason: string;
}

type View = ReadonlyMap<string, Pick<Row, 'uuid' | 'physicalId' | 'attributes'>>;

/**
 * Carries what Heat says of its resources over to our rows, so that they and their events look as if our own engine had done
 * the work. A row becomes COMPLETE with its object's id, attributes and what it was made from.
 */
export class HeatRows {
  constructor(
    private readonly walk: StackWalk,
    private readonly wanted: WantedStack | undefined,
    private readonly parts: ReadonlyMap<string, string>,
  ) {}

  /**
   * @param final Heat has done all that was wanted: every resource is as the template says now
   * @throws what keeps an object from being read, when it is final
   */
  async carry(list: readonly HeatResource[], final: boolean): Promise<void> {
    const seen = this.seen(list);
    await Promise.all(seen.map((one) => this.begin(one)));
    if (!this.wanted) return;
    const complete = seen.filter(({ status, action }) => status === 'COMPLETE' && action !== 'INIT' && action !== 'DELETE');
    const trusted = complete.filter(({ row }) => (definitionOf(row)?.unsure ?? []).length === 0);
    const open = trusted.filter(({ row, heatId }) => final || row.status !== 'COMPLETE' || this.isOther(row, heatId));
    const view = new Map<string, Pick<Row, 'uuid' | 'physicalId' | 'attributes'>>(this.walk.rows);
    // Ids first: what an association is called is told by what it joins.
    for (const { row, heatId } of open) view.set(row.name, { uuid: row.uuid, physicalId: heatId, attributes: row.attributes });
    const stale = open.filter(({ row, heatId }) => !this.isSettled(row, heatId, view));
    for (let at = 0; at < stale.length; at += READS_AT_ONCE) {
      await Promise.all(stale.slice(at, at + READS_AT_ONCE).map((one) => this.read(one, view, final)));
    }
    await Promise.all(stale.map((one) => this.complete(one, view)));
  }

  /** Heat has made its object, and something is left to do: see `finish.ts`. */
  isUnfinished(row: Row): boolean {
    return row.status !== 'COMPLETE' && finisherOf(row.type) !== undefined && this.wanted?.has(row.name) === true;
  }

  wantedOf(name: string, view: View = this.walk.rows): WantedResource | undefined {
    try {
      return this.wanted?.has(name) ? this.wanted.resource(name, view) : undefined;
    } catch {
      // Something that it needs is not known yet: the next look knows more.
      return undefined;
    }
  }

  /** Each resource of ours as Heat sees it; parts count for what they belong to. */
  private seen(list: readonly HeatResource[]): Seen[] {
    const ofParts = new Map<string, HeatResource[]>();
    for (const one of list) {
      const owner = this.parts.get(one.resource_name);
      if (owner !== undefined) ofParts.set(owner, [...(ofParts.get(owner) ?? []), one]);
    }
    return list.flatMap((one) => {
      const row = this.walk.rows.get(one.resource_name);
      if (!row) return [];
      const worst = worstOf([one, ...(ofParts.get(one.resource_name) ?? [])]);
      const { action, status } = stateOf(worst.resource_status);
      const heatId = one.physical_resource_id ?? '';
      return [{ row, heatId, action: actionOf(action), status, reason: heatWords(worst.resource_status_reason) }];
    });
  }

  private async begin({ row, heatId, action, status, reason }: Seen): Promise<void> {
    if (action === 'INIT') return;
    const underWay = status === 'IN_PROGRESS' || (status === 'COMPLETE' && row.action === 'INIT');
    const known = heatId !== '' && physicalIdOf(row.type, heatId, {}) === heatId ? heatId : row.physicalId;
    if (underWay && (row.action !== action || row.status !== 'IN_PROGRESS' || row.physicalId !== known)) {
      const attempts = row.action === 'INIT' ? row.attempts + 1 : row.attempts;
      await this.walk.checkpoint(row, { action, status: 'IN_PROGRESS', statusReason: null, physicalId: known, attempts });
    }
    if (status !== 'FAILED') return;
    const statusReason = this.walk.words(`${row.type} ${row.physicalName}: ${reason}`);
    if (row.status === 'FAILED' && row.statusReason === statusReason) return;
    await this.walk.checkpoint(row, { action, status: 'FAILED', statusReason, physicalId: known });
  }

  /** Whether another object has taken the place of the row's. */
  private isOther(row: Row, heatId: string): boolean {
    return physicalIdOf(row.type, heatId, {}) === heatId && row.physicalId !== heatId;
  }

  private isSettled(row: Row, heatId: string, view: View): boolean {
    if (row.status !== 'COMPLETE' || this.isOther(row, heatId)) return false;
    const wanted = this.wantedOf(row.name, view);
    return wanted !== undefined && sameDocument(row.definition, wanted.definition) && sameDocument(row.requires, wanted.requires);
  }

  private async read(
    { row, heatId }: Seen,
    view: Map<string, Pick<Row, 'uuid' | 'physicalId' | 'attributes'>>,
    final: boolean,
  ): Promise<void> {
    const type = this.walk.typeOf(row);
    const wanted = this.wantedOf(row.name, view);
    const physicalId = wanted ? physicalIdOf(row.type, heatId, wanted.definition.properties) : heatId;
    try {
      const read =
        type.attributes.length === 0
          ? {}
          : await patiently(this.walk, row, ALONE, 'reading', () => type.read(this.walk.context(row), physicalId));
      view.set(row.name, { uuid: row.uuid, physicalId, attributes: declaredAttributes(this.walk, row, read) });
    } catch (error) {
      this.walk.throwIfStopped();
      view.delete(row.name);
      if (!final) return;
      const reason = isNotFound(error) ? 'the object is gone' : this.walk.words(error);
      const statusReason = `${row.type} ${row.physicalName}: ${reason}`;
      await this.walk.checkpoint(row, { status: 'FAILED', statusReason });
    }
  }

  private async complete({ row, action }: Seen, view: View): Promise<void> {
    const seen = view.get(row.name);
    const wanted = seen && this.wantedOf(row.name, view);
    if (!seen || !wanted) return;
    const { physicalId, attributes } = seen;
    if (row.physicalId !== physicalId) await removeRetainedObject(this.walk, row, row.physicalId);
    if (finisherOf(row.type)) {
      await this.walk.checkpoint(row, { status: 'IN_PROGRESS', statusReason: null, physicalId, attributes });
    } else {
      await this.finish(row, wanted, { action, physicalId, attributes });
    }
  }

  async finish(
    row: Row,
    wanted: WantedResource,
    more: Partial<Pick<Row, 'action' | 'physicalId' | 'attributes'>> = {},
  ): Promise<void> {
    const made = { definition: { ...wanted.definition }, requires: [...wanted.requires] };
    await this.walk.checkpoint(row, { status: 'COMPLETE', statusReason: null, ...more, ...made });
  }
}

const ORDER = ['FAILED', 'IN_PROGRESS', 'COMPLETE'];
/** INIT_COMPLETE of a part: it has not begun, so that the whole is under way. */
function worstOf(all: readonly HeatResource[]): HeatResource {
  const [own, ...parts] = all as [HeatResource, ...HeatResource[]];
  const waiting = parts.find(({ resource_status }) => resource_status === 'INIT_COMPLETE');
  const rank = ({ resource_status }: HeatResource): number => ORDER.indexOf(stateOf(resource_status).status);
  const worst = all.toSorted((a, b) => rank(a) - rank(b))[0] ?? own;
  if (rank(worst) < 2 || !waiting || own.resource_status === 'INIT_COMPLETE') return worst;
  return { ...own, resource_status: own.resource_status.replace('_COMPLETE', '_IN_PROGRESS') };
}

/** What our rows know of. */
const actionOf = (heatAction: string): StackAction =>
  heatAction === 'INIT' || heatAction === 'CREATE' || heatAction === 'DELETE' ? heatAction : 'UPDATE';
