import type { RequestContext } from '#libs/domain';
import { isUuidText } from '#libs/db';
import { Controller, Get, Param, Post, Query } from '@nestjs/common';
import type { z } from 'zod';
import { Endpoint } from '../../http/endpoint.js';
import { BaseUrl, Ctx } from '../../http/request.js';
import { integer, query } from '../../http/wire.js';
import { AbortOperation, unknownOperation } from './abort-operation.js';
import { FindOperations } from './find-operations.js';
import { operationListView, operationView, shownOperationView, toOperationView, toShownOperationView } from './operation.view.js';
import { RepeatOperation } from './repeat-operation.js';

const listQuery = query({
  before: integer({
    description: 'Only operations before the one with this number',
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    fallback: null,
  }),
  limit: integer({ description: 'Items at most', min: 1, max: 1000, fallback: 100 }),
});

const tag = 'Progress';
const AMBIGUOUS = 'Several clusters have this name: use the uuid';
const UNKNOWN = 'No such cluster or operation that the caller may see';
const NOT_AGAIN =
  'It has not failed, another operation is open, a newer one is about the same, or the cluster’s status does not allow it; or several clusters have this name';

/** What was asked of a cluster, and what became of it. */
@Controller('v1/clusters/:cluster/operations')
export class OperationsController {
  constructor(
    private readonly find: FindOperations,
    private readonly aborting: AbortOperation,
    private readonly repeating: RepeatOperation,
  ) {}

  @Get()
  @Endpoint({
    rules: ['cluster:get'],
    tag,
    summary: 'List the operations of a cluster',
    description: 'The newest first. Operations of a deleted cluster are kept under its uuid.',
    success: 200,
    answer: operationListView,
    errors: { 400: 'A parameter cannot be taken', 404: 'No such cluster that the caller may see', 409: AMBIGUOUS },
  })
  async operations(
    @Ctx() ctx: RequestContext,
    @BaseUrl() base: string,
    @Param('cluster') ident: string,
    @Query({ schema: listQuery }) given: z.output<typeof listQuery>,
  ): Promise<z.infer<typeof operationListView>> {
    const { uuid, rows } = await this.find.page(ctx, ident, given.before, given.limit);
    const last = rows.at(-1);
    const next =
      last && rows.length === given.limit
        ? { next: `${base}/v1/clusters/${uuid}/operations?limit=${given.limit}&before=${last.id}` }
        : {};
    return { operations: rows.map(toOperationView), ...next };
  }

  @Get(':operation')
  @Endpoint({
    rules: ['cluster:get'],
    tag,
    summary: 'Show an operation with its steps',
    success: 200,
    answer: shownOperationView,
    errors: { 404: UNKNOWN, 409: AMBIGUOUS },
  })
  async operation(
    @Ctx() ctx: RequestContext,
    @Param('cluster') ident: string,
    @Param('operation') operation: string,
  ): Promise<z.infer<typeof shownOperationView>> {
    return toShownOperationView(await this.find.one(ctx, ident, known(operation)));
  }

  @Post(':operation/abort')
  @Endpoint({
    rules: ['cluster:update'],
    tag,
    summary: 'Abort an operation',
    description:
      'It ends at its next checkpoint, `aborted`; cluster and node group become `*_FAILED` with the reason `<step>: aborted by request`. ' +
      'An update with `rollback` is rolled back then. One that waits for others ends when its turn comes. Deletions cannot be aborted.',
    success: 202,
    answer: operationView,
    errors: { 404: UNKNOWN, 409: 'It is a deletion, or has ended; or several clusters have this name' },
  })
  async abort(
    @Ctx() ctx: RequestContext,
    @Param('cluster') ident: string,
    @Param('operation') operation: string,
  ): Promise<z.infer<typeof operationView>> {
    return toOperationView(await this.aborting.run(ctx, ident, known(operation)));
  }

  @Post(':operation/retry')
  @Endpoint({
    rules: ['cluster:update'],
    tag,
    summary: 'Ask again for what has failed or was aborted',
    description:
      'A new operation, with `retry_of`. It begins from what stands: a failed create becomes `CREATE_COMPLETE` that way. ' +
      'Who asks needs the right to the change itself. A create and a credential’s rotation act for the caller from then on.',
    success: 202,
    answer: operationView,
    errors: { 404: UNKNOWN, 409: NOT_AGAIN },
  })
  async retry(
    @Ctx() ctx: RequestContext,
    @Param('cluster') ident: string,
    @Param('operation') operation: string,
  ): Promise<z.infer<typeof operationView>> {
    return toOperationView(await this.repeating.run(ctx, ident, known(operation), 'retry'));
  }

  @Post(':operation/resume')
  @Endpoint({
    rules: ['cluster:update'],
    tag,
    summary: 'Go on with an operation that has failed or was aborted',
    description: 'As retry, under the same uuid: `pending` again with a new deadline, its attempts go on.',
    success: 202,
    answer: operationView,
    errors: { 404: UNKNOWN, 409: NOT_AGAIN },
  })
  async resume(
    @Ctx() ctx: RequestContext,
    @Param('cluster') ident: string,
    @Param('operation') operation: string,
  ): Promise<z.infer<typeof operationView>> {
    return toOperationView(await this.repeating.run(ctx, ident, known(operation), 'resume'));
  }
}

/** @throws NotFound */
function known(operation: string): string {
  if (!isUuidText(operation)) throw unknownOperation(operation);
  return operation;
}
