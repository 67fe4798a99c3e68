import { InvalidInput, type RequestContext } from '#libs/domain';
import { ClusterTemplatesRepository, isForeignKeyViolation, UnitOfWork } from '#libs/db';
import { Injectable } from '@nestjs/common';
import { Policy } from '../../policy/policy.js';
import { scopeOf } from '../../policy/scope.js';

@Injectable()
export class DeleteClusterTemplate {
  constructor(
    private readonly policy: Policy,
    private readonly templates: ClusterTemplatesRepository,
    private readonly uow: UnitOfWork,
  ) {}

  /** @throws InvalidInput a cluster uses it, or is about to: 400, as Magnum has it */
  async run(ctx: RequestContext, ident: string): Promise<void> {
    const row = await this.templates.get(scopeOf(this.policy, ctx, 'clustertemplate:delete_all_projects'), ident);
    this.policy.enforce(ctx, 'clustertemplate:delete', row);
    try {
      await this.uow.run(async (tx) => {
        await this.templates.lock(tx, row.uuid);
        if (await this.templates.isAwaited(tx, row.uuid)) throw templateInUse(row.uuid);
        await this.templates.remove(tx, row.uuid);
      });
    } catch (error) {
      if (isForeignKeyViolation(error)) throw templateInUse(row.uuid);
      throw error;
    }
  }
}

export function templateInUse(uuid: string): InvalidInput {
  return new InvalidInput('cluster-template-in-use', `ClusterTemplate ${uuid} is referenced by one or multiple clusters.`, {
    clusterTemplateUuid: uuid,
  });
}
