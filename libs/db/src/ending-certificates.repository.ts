import type { Scope } from '#libs/domain';
import type { DataSource } from 'typeorm';
import { NodeEntity } from './entities/index.js';
import { inScope } from './scope.js';

/** kubeadm's certificates are good for so long from the day on which a node joined. */
const LIFE_DAYS = 365;

/** Masters whose certificates end soon. */
export class EndingCertificatesRepository {
  constructor(private readonly source: DataSource) {}

  /** Those that end within so many days, the oldest first. */
  async masters(scope: Scope, withinDays: number, limit: number): Promise<NodeEntity[]> {
    return this.source.manager
      .createQueryBuilder(NodeEntity, 'n')
      .where(inScope(scope))
      .andWhere(`n.role = 'master' AND n.leaving_since IS NULL`)
      .andWhere(`n.joined_at < now() - make_interval(days => :days)`, { days: LIFE_DAYS - withinDays })
      .andWhere(`EXISTS (SELECT 1 FROM clusters c WHERE c.uuid = n.cluster_uuid AND c.status NOT LIKE 'DELETE%')`)
      .orderBy('n.joined_at')
      .limit(limit)
      .getMany();
  }
}
