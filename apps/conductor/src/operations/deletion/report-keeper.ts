import { EventsRepository, OperationsRepository } from '#libs/db';
import { Injectable } from '@nestjs/common';
import type { OperationContext } from '../operation.js';
import { SERVICE } from '../service-scope.js';
import { DeletionReport } from './deletion-report.js';

/** Reads and writes the report of a deletion: the operation's `result`, and events. */
@Injectable()
export class ReportKeeper {
  constructor(
    private readonly operations: OperationsRepository,
    private readonly events: EventsRepository,
  ) {}

  /** As it was written last, by whomever. */
  async load(ctx: OperationContext): Promise<DeletionReport> {
    return new DeletionReport((await this.operations.find(SERVICE, ctx.operation.uuid))?.result ?? null);
  }

  async save(ctx: OperationContext, report: DeletionReport): Promise<void> {
    const { result } = report;
    const events = report.events(ctx);
    await ctx.write(async (tx) => {
      await this.operations.addToResult(tx, ctx.operation.uuid, result);
      await this.events.add(tx, ...events);
    });
  }
}
