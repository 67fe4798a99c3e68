import type { RequestContext } from '#libs/domain';
import { ClusterTemplatesRepository, type ClusterTemplateEntity, type PageRequest } from '#libs/db';
import { Injectable } from '@nestjs/common';
import { Policy } from '../../policy/policy.js';
import { scopeOf } from '../../policy/scope.js';

/** Lists and shows: what the caller's project may see, or everything for administrators. */
@Injectable()
export class FindClusterTemplates {
  constructor(
    private readonly policy: Policy,
    private readonly templates: ClusterTemplatesRepository,
  ) {}

  sortKeys(): string[] {
    return this.templates.sortKeys();
  }

  async list(ctx: RequestContext, rule: 'get_all' | 'detail', page: PageRequest): Promise<ClusterTemplateEntity[]> {
    this.policy.enforce(ctx, `clustertemplate:${rule}`);
    const wider = rule === 'detail' ? 'clustertemplate:detail_all_projects' : 'clustertemplate:get_all_all_projects';
    return this.templates.page(scopeOf(this.policy, ctx, wider), page);
  }

  /** A public template can be read with any project's token. */
  async show(ctx: RequestContext, ident: string): Promise<ClusterTemplateEntity> {
    const row = await this.templates.get(scopeOf(this.policy, ctx, 'clustertemplate:get_one_all_projects'), ident);
    if (row.public) this.policy.waive(ctx, 'clustertemplate:get', 'the template is public');
    else this.policy.enforce(ctx, 'clustertemplate:get', row);
    return row;
  }
}
