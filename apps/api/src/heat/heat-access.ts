import type { RequestContext, Scope } from '#libs/domain';
import { Injectable } from '@nestjs/common';
import { Policy } from '../policy/policy.js';
import { ownScope } from '../policy/scope.js';
import { HeatForbidden } from './heat-faults.js';

/** Who may look at whose stacks: who may show the cluster. The project is part of each path. */
@Injectable()
export class HeatAccess {
  constructor(private readonly policy: Policy) {}

  /**
   * For one stack.
   * @throws HeatForbidden the path names another project, and the caller may not look into those
   */
  scope(ctx: RequestContext, project: string): Scope {
    if (this.policy.allows(ctx, 'cluster:get_one_all_projects'))
      return { kind: 'all-projects', why: 'cluster:get_one_all_projects allows it' };
    if (ctx.projectId !== project) throw new HeatForbidden('Access was denied to this resource.');
    return ownScope(ctx);
  }

  /** For a list: of the path's project, or of all. @throws HeatForbidden, Forbidden */
  listScope(ctx: RequestContext, project: string, everyProject: boolean): Scope {
    this.policy.enforce(ctx, 'cluster:get_all');
    const wide = this.policy.allows(ctx, 'cluster:get_all_all_projects');
    if (everyProject && !wide) throw new HeatForbidden('You are not authorized to use stacks:global_index.');
    if (everyProject) return { kind: 'all-projects', why: 'cluster:get_all_all_projects allows it' };
    if (ctx.projectId !== project && !wide) throw new HeatForbidden('Access was denied to this resource.');
    return { kind: 'project', projectId: project };
  }

  /** @throws Forbidden */
  enforce(ctx: RequestContext, cluster: { readonly projectId: string; readonly userId: string }): void {
    this.policy.enforce(ctx, 'cluster:get', cluster);
  }
}
