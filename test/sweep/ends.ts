import type { Database } from '#libs/db';
import type { OperationRow } from './checks.js';

const LOOK_MS = 100;

interface Waiting {
  readonly cluster: string;
  readonly after: number;
  readonly until: number;
  readonly resolve: (operation: OperationRow | null) => void;
}

/** Waits for the ends of operations of many clusters with one query. */
export class Ends {
  private readonly waiting = new Set<Waiting>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly database: Database) {}

  /** The id of the newest operation there is. */
  async newest(): Promise<number> {
    const [row]: { id: string | null }[] = await this.database.query('SELECT max(id) AS id FROM operations');
    return Number(row?.id ?? 0);
  }

  /** The cluster's last operation of those asked for after `after`, when none is open; null when that takes too long. */
  ended(cluster: string, after: number, withinMs: number): Promise<OperationRow | null> {
    return new Promise((resolve) => {
      this.waiting.add({ cluster, after, until: Date.now() + withinMs, resolve });
      this.timer ??= setTimeout(() => void this.look(), LOOK_MS);
    });
  }

  private async look(): Promise<void> {
    const asked = [...this.waiting];
    const rows: (OperationRow & { cluster_uuid: string; id: string })[] = await this.database
      .query(
        `SELECT DISTINCT ON (o.cluster_uuid) o.id, o.cluster_uuid, o.uuid, o.kind, o.status, o.attempts, o.error FROM operations o
         WHERE o.cluster_uuid = ANY($1) AND NOT EXISTS (
           SELECT 1 FROM operations open WHERE open.cluster_uuid = o.cluster_uuid AND open.status IN ('pending', 'running'))
         ORDER BY o.cluster_uuid, o.id DESC`,
        [asked.map(({ cluster }) => cluster)],
      )
      .catch(() => []);
    const now = Date.now();
    for (const one of asked) {
      const row = rows.find(({ cluster_uuid, id }) => cluster_uuid === one.cluster && Number(id) > one.after);
      if (!row && now < one.until) continue;
      this.waiting.delete(one);
      one.resolve(row ?? null);
    }
    this.timer = this.waiting.size > 0 ? setTimeout(() => void this.look(), LOOK_MS) : undefined;
  }
}
