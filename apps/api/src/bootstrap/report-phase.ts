import { maskLog, NODE_PHASES, type NodePhaseStatus } from '#libs/domain';
import { NodeBootstrapRepository } from '#libs/db';
import { isReportToken, KeyRing } from '#libs/pki';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { unauthenticated, unknownNode } from './bootstrap-errors.js';

/** Phases that are seen from outside are not the node's to report. */
const REPORTED = NODE_PHASES.filter((phase) => !['planned', 'server', 'ready'].includes(phase));

export const phaseBody = z.strictObject({
  phase: z.enum(REPORTED),
  status: z.enum(['started', 'done', 'failed'] satisfies NodePhaseStatus[]),
  exit_code: z.int().min(-2147483648).max(2147483647).nullish(),
  log_tail: z.string().max(16_384).nullish(),
});
export type PhaseBody = z.infer<typeof phaseBody>;

/** A node says how far it is. May be said twice. */
@Injectable()
export class ReportPhase {
  constructor(
    private readonly nodes: NodeBootstrapRepository,
    private readonly keyRing: KeyRing,
  ) {}

  /** @throws BootstrapRefusal 401, 404 */
  async run(nodeUuid: string, token: string, body: PhaseBody): Promise<void> {
    if (!isReportToken(this.keyRing, nodeUuid, token)) throw unauthenticated();
    const known = await this.nodes.report(nodeUuid, {
      phase: body.phase,
      status: body.status,
      exitCode: body.exit_code ?? null,
      logTail: body.log_tail ? maskLog(body.log_tail) : null,
    });
    if (!known) throw unknownNode();
  }
}
