import {
  allProjects,
  Conflict,
  Forbidden,
  InvalidInput,
  isNotFound,
  NotFound,
  ServiceUnavailable,
  type RequestContext,
} from '#libs/domain';
import type { Settings } from '#libs/config';
import { isUniqueViolation, QuotasRepository, UnitOfWork, type QuotaEntity, type QuotaPage } from '#libs/db';
import type { CloudSession } from '#libs/openstack';
import { Inject, Injectable } from '@nestjs/common';
import { Policy } from '../../policy/policy.js';
import { ownScope } from '../../policy/scope.js';
import { SERVICE_SESSION, SETTINGS } from '../../tokens.js';
import type { CreateQuotaBody } from './quota.dto.js';

const EVERYWHERE = allProjects('quotas of other projects are for administrators');

/** Limits of projects. Reference section 5.6. */
@Injectable()
export class Quotas {
  constructor(
    private readonly policy: Policy,
    private readonly quotas: QuotasRepository,
    private readonly uow: UnitOfWork,
    @Inject(SERVICE_SESSION) private readonly service: CloudSession,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  async list(ctx: RequestContext, everyProject: boolean, page: QuotaPage): Promise<QuotaEntity[]> {
    this.policy.enforce(ctx, 'quota:get_all');
    return this.quotas.page(everyProject ? EVERYWHERE : ownScope(ctx), page);
  }

  /** A project without a row has the default, whatever the project and the resource. */
  async show(
    ctx: RequestContext,
    projectId: string,
    resource: string,
  ): Promise<QuotaEntity | { projectId: string; hardLimit: number }> {
    this.policy.enforce(ctx, 'quota:get');
    if (!ctx.isAdmin && projectId !== ctx.projectId) throw new Forbidden('foreign-quota', 'Not authorized.');
    const row = await this.quotas.find(EVERYWHERE, projectId, resource);
    return row ?? { projectId, hardLimit: this.settings.MAX_CLUSTERS_PER_PROJECT };
  }

  async create(ctx: RequestContext, body: CreateQuotaBody): Promise<QuotaEntity> {
    const { project_id: projectId, resource, hard_limit: hardLimit } = body;
    if (projectId === null) throw new InvalidInput('no-project', 'Must provide a valid project ID.', { field: 'project_id' });
    await this.checkProject(projectId);
    this.policy.enforce(ctx, 'quota:create');
    try {
      return await this.uow.run((tx) => this.quotas.insert(tx, { projectId, resource, hardLimit }));
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
      throw new Conflict('quota-exists', `Quota for project ${projectId} already exists for resource ${resource}.`, {
        projectId,
        resource,
      });
    }
  }

  async update(ctx: RequestContext, projectId: string, resource: string, hardLimit: number): Promise<QuotaEntity> {
    this.policy.enforce(ctx, 'quota:update');
    const row = await this.uow.run((tx) => this.quotas.update(tx, projectId, resource, hardLimit));
    if (!row) throw noQuota(projectId, resource);
    return row;
  }

  async remove(ctx: RequestContext, projectId: string, resource: string): Promise<void> {
    this.policy.enforce(ctx, 'quota:delete');
    const removed = await this.uow.run((tx) => this.quotas.remove(tx, projectId, resource));
    if (!removed) throw noQuota(projectId, resource);
  }

  private async checkProject(projectId: string): Promise<void> {
    try {
      await this.service.identity.projects.get(projectId);
    } catch (error) {
      if (isNotFound(error) || (error as { httpStatus?: unknown }).httpStatus === 404) {
        throw new NotFound('project-not-found', `The project_id ${projectId} could not be found.`, { projectId });
      }
      throw new ServiceUnavailable(
        'The identity service does not answer. Try again later.',
        { service: 'identity' },
        { cause: error },
      );
    }
  }
}

function noQuota(projectId: string, resource: string): NotFound {
  return new NotFound('quota-not-found', `Quota could not be found: project_id ${projectId} resource ${resource}.`, {
    projectId,
    resource,
  });
}
