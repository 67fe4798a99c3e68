import { maskLog } from '#libs/domain';
import { StackSignalsRepository } from '#libs/db';
import { isSignalToken, KeyRing } from '#libs/pki';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { unauthenticated, unknownNode } from './bootstrap-errors.js';

/** As Heat takes it. Source: heat/engine/resources/wait_condition.py, BaseWaitConditionHandle. */
export const signalBody = z.looseObject({
  status: z.enum(['SUCCESS', 'FAILURE']).default('SUCCESS'),
  reason: z.string().max(2_000).nullish(),
  data: z.unknown().optional(),
  id: z.union([z.string().min(1).max(255), z.int()]).nullish(),
});
export type SignalBody = z.infer<typeof signalBody>;

const MOST_DATA = 16_384;

/** A machine tells the wait condition that waits for it. May be said twice, by an id of its own. */
@Injectable()
export class TakeSignal {
  constructor(
    private readonly signals: StackSignalsRepository,
    private readonly keyRing: KeyRing,
  ) {}

  /** @throws BootstrapRefusal 401, 404 */
  async run(resourceUuid: string, token: string, { status, reason, data, id }: SignalBody): Promise<void> {
    if (!isSignalToken(this.keyRing, resourceUuid, token)) throw unauthenticated();
    const text = data === undefined || data === null ? null : typeof data === 'string' ? data : JSON.stringify(data);
    const known = await this.signals.add(resourceUuid, {
      id: id === undefined || id === null ? null : String(id),
      status,
      reason: reason ? maskLog(reason) : null,
      data: text?.slice(0, MOST_DATA) ?? null,
    });
    if (!known) throw unknownNode();
  }
}
