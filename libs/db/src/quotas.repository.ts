import { QUOTA_RESOURCE, type Scope } from '#libs/domain';
import type { DataSource } from 'typeorm';
import { QuotaEntity } from './entities/index.js';
import { withinScope } from './page.js';
import { noteFound } from './request-work.js';
import type { Tx } from './unit-of-work.js';

/** How much a project has, how much it may have. */
export interface QuotaUse {
  /** Counted up to the limit only. */
  readonly used: number;
  readonly limit: number;
}

export interface QuotaPage {
  /** Running number of the last quota seen. */
  readonly marker: number | null;
  readonly limit: number;
  readonly sortKey: keyof QuotaEntity;
  readonly sortDir: 'asc' | 'desc';
}

export class QuotasRepository {
  constructor(private readonly source: DataSource) {}

  async find(scope: Scope, projectId: string, resource: string): Promise<QuotaEntity | null> {
    const query = this.source.manager
      .createQueryBuilder(QuotaEntity, 'q')
      .where('q.project_id = :projectId AND q.resource = :resource', { projectId, resource });
    return withinScope(query, scope).getOne();
  }

  async page(scope: Scope, page: QuotaPage): Promise<QuotaEntity[]> {
    const query = withinScope(this.source.manager.createQueryBuilder(QuotaEntity, 'q').where('true'), scope);
    const [compare, direction] = page.sortDir === 'asc' ? (['>', 'ASC'] as const) : (['<', 'DESC'] as const);
    if (page.marker !== null) {
      query.andWhere(
        `(q.${page.sortKey}, q.id) ${compare} (SELECT m.${columnOf(page.sortKey)}, m.id FROM quotas m WHERE m.id = :marker)`,
        {
          marker: page.marker,
        },
      );
    }
    if (page.sortKey !== 'id') query.orderBy(`q.${page.sortKey}`, direction);
    return query.addOrderBy('q.id', direction).limit(page.limit).getMany();
  }

  /** A look without lock: refuses early, decides nothing. */
  async use(projectId: string, fallback: number): Promise<QuotaUse> {
    // Stops counting at the limit: a project with many clusters costs no more than its limit.
    const [row]: { used: string; limit: number }[] = await this.source.query(
      `WITH quota AS (
         SELECT coalesce((SELECT hard_limit FROM quotas WHERE project_id = $1 AND resource = $2), $3::integer) AS "limit")
       SELECT quota."limit", (
         SELECT count(*) FROM (SELECT 1 FROM clusters WHERE project_id = $1 LIMIT (SELECT "limit" FROM quota)) counted) AS used
       FROM quota`,
      [projectId, QUOTA_RESOURCE, fallback],
    );
    return { used: Number(row?.used ?? 0), limit: row?.limit ?? fallback };
  }

  async insert(tx: Tx, quota: Pick<QuotaEntity, 'projectId' | 'resource' | 'hardLimit'>): Promise<QuotaEntity> {
    await tx.manager.insert(QuotaEntity, quota);
    noteFound('quota', quotaIdent(quota.projectId, quota.resource));
    return tx.manager.findOneByOrFail(QuotaEntity, { projectId: quota.projectId, resource: quota.resource });
  }

  /** @returns null when there is none */
  async update(tx: Tx, projectId: string, resource: string, hardLimit: number): Promise<QuotaEntity | null> {
    await tx.manager.update(
      QuotaEntity,
      { projectId, resource },
      { hardLimit, updatedAt: () => 'now()', revision: () => 'revision + 1' },
    );
    return tx.manager.findOneBy(QuotaEntity, { projectId, resource });
  }

  /** @returns whether there was one */
  async remove(tx: Tx, projectId: string, resource: string): Promise<boolean> {
    const result = await tx.manager.delete(QuotaEntity, { projectId, resource });
    return (result.affected ?? 0) > 0;
  }
}

/** What stands for a quota's uuid: it has none. */
export const quotaIdent = (projectId: string, resource: string): string => JSON.stringify([projectId, resource]);

/** `hardLimit` -> `hard_limit`. */
const columnOf = (property: string): string => property.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
