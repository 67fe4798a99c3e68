import type { Store } from './store/store.js';
import type { Row, Table } from './store/table.js';

interface QuotaRow extends Row {
  readonly limits: Readonly<Record<string, number>>;
}

/** One service's limits by project; -1 is no limit. */
export class Quotas {
  private readonly table: Table<QuotaRow>;

  constructor(
    store: Store,
    service: string,
    readonly defaults: Readonly<Record<string, number>>,
  ) {
    this.table = store.table<QuotaRow>(`${service}_quotas`);
  }

  of(projectId: string): Record<string, number> {
    return { ...this.defaults, ...this.table.get(projectId)?.limits };
  }

  /** True when `used + wanted` is more than the limit. */
  exceeded(projectId: string, resource: string, used: number, wanted = 1): boolean {
    const limit = this.of(projectId)[resource] ?? -1;
    return limit >= 0 && used + wanted > limit;
  }

  set(projectId: string, limits: Readonly<Record<string, number>>): void {
    const old = this.table.get(projectId);
    if (old === undefined) this.table.insert({ id: projectId, limits });
    else this.table.patch(projectId, { limits: { ...old.limits, ...limits } });
  }

  reset(projectId: string): void {
    this.table.remove(projectId);
  }
}
