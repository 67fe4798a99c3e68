import { Conflict, NotFound, type Scope } from '#libs/domain';
import type { DataSource, SelectQueryBuilder } from 'typeorm';
import { ClusterEntity, ClusterTemplateEntity } from './entities/index.js';
import { afterMarker, isUuidText, sortableColumns, type PageRequest } from './page.js';
import { noteFound } from './request-work.js';
import type { Tx } from './unit-of-work.js';
import { values } from './values.js';

export type NewClusterTemplate = Omit<ClusterTemplateEntity, 'id' | 'createdAt' | 'updatedAt' | 'revision'>;

export class ClusterTemplatesRepository {
  constructor(private readonly source: DataSource) {}

  /** Names that `sort_key` may have. */
  sortKeys(): string[] {
    return sortableColumns(this.source.getMetadata(ClusterTemplateEntity));
  }

  /** @throws NotFound the marker is not there */
  async page(scope: Scope, page: PageRequest): Promise<ClusterTemplateEntity[]> {
    const rows = await afterMarker(this.visible(scope), page).getMany();
    if (rows.length === 0 && page.marker !== null) await this.get(scope, page.marker);
    return rows;
  }

  /**
   * @param ident uuid or name
   * @throws NotFound nothing the scope may see; Conflict several have the name
   */
  async get(scope: Scope, ident: string): Promise<ClusterTemplateEntity> {
    const column = isUuidText(ident) ? 'uuid' : 'name';
    const rows = await this.visible(scope).andWhere(`t.${column} = :ident`, { ident }).orderBy('t.id').limit(2).getMany();
    return single(rows, ident);
  }

  /** As `get`; the table's running number as text is taken too, as a cluster's create does. */
  async getForUse(scope: Scope, ident: string): Promise<ClusterTemplateEntity> {
    if (!/^\d{1,15}$/.test(ident)) return this.get(scope, ident);
    const rows = await this.visible(scope).andWhere('(t.id = :id OR t.name = :ident)', { id: ident, ident }).limit(3).getMany();
    const byId = rows.find((row) => row.id === Number(ident));
    return single(byId ? [byId] : rows, ident);
  }

  /** The templates of these clusters, seen or not: a hidden template must not hide its clusters. */
  async labelsOf(_scope: Scope, uuids: readonly string[]): Promise<Map<string, Record<string, string>>> {
    if (uuids.length === 0) return new Map();
    const rows = await this.source.manager
      .createQueryBuilder(ClusterTemplateEntity, 't')
      .select(['t.id', 't.uuid', 't.labels'])
      .where('t.uuid = ANY (:uuids)', { uuids })
      .getMany();
    return new Map(rows.map((row) => [row.uuid, row.labels]));
  }

  /** By a cluster, or by an upgrade to it that has not ended. */
  async isUsed(tx: Tx, uuid: string): Promise<boolean> {
    return (await tx.manager.existsBy(ClusterEntity, { clusterTemplateUuid: uuid })) || this.isAwaited(tx, uuid);
  }

  /** An upgrade to it has not ended. Lock the row first. */
  async isAwaited(tx: Tx, uuid: string): Promise<boolean> {
    const rows: unknown[] = await tx.manager.query(
      `SELECT 1 FROM operations
       WHERE kind = 'upgrade' AND status IN ('pending', 'running') AND request ->> 'clusterTemplateUuid' = $1 LIMIT 1`,
      [uuid],
    );
    return rows.length > 0;
  }

  /** Locks the row against other changes and against new clusters. @returns null when it has gone meanwhile */
  async lock(tx: Tx, uuid: string): Promise<ClusterTemplateEntity | null> {
    return tx.manager.findOne(ClusterTemplateEntity, { where: { uuid }, lock: { mode: 'pessimistic_write' } });
  }

  async insert(tx: Tx, row: NewClusterTemplate): Promise<ClusterTemplateEntity> {
    await tx.manager.insert(ClusterTemplateEntity, values<ClusterTemplateEntity>(row));
    noteFound('cluster-template', row.uuid);
    return tx.manager.findOneByOrFail(ClusterTemplateEntity, { uuid: row.uuid });
  }

  async update(tx: Tx, uuid: string, changed: Partial<NewClusterTemplate>): Promise<ClusterTemplateEntity> {
    await tx.manager.update(
      ClusterTemplateEntity,
      { uuid },
      { ...values<ClusterTemplateEntity>(changed), updatedAt: () => 'now()', revision: () => 'revision + 1' },
    );
    return tx.manager.findOneByOrFail(ClusterTemplateEntity, { uuid });
  }

  /** A cluster that uses it makes this fail: see `isForeignKeyViolation`. */
  async remove(tx: Tx, uuid: string): Promise<void> {
    await tx.manager.delete(ClusterTemplateEntity, { uuid });
  }

  /** Own ones, and the public ones of others that are not hidden. */
  private visible(scope: Scope): SelectQueryBuilder<ClusterTemplateEntity> {
    const query = this.source.manager.createQueryBuilder(ClusterTemplateEntity, 't');
    if (scope.kind === 'all-projects') return query.where('true');
    return query.where('(t.project_id = :scopeProject OR (t.public AND NOT t.hidden))', { scopeProject: scope.projectId });
  }
}

function single(rows: readonly ClusterTemplateEntity[], ident: string): ClusterTemplateEntity {
  if (rows.length > 1) {
    throw new Conflict(
      'ambiguous-cluster-template',
      'Multiple ClusterTemplates exist with same name. Please use the ClusterTemplate uuid instead.',
      { clusterTemplate: ident },
    );
  }
  const [row] = rows;
  if (!row)
    throw new NotFound('cluster-template-not-found', `ClusterTemplate ${ident} could not be found.`, { clusterTemplate: ident });
  noteFound('cluster-template', row.uuid);
  return row;
}
