import { randomUUID } from 'node:crypto';
import type { Settings } from '#libs/config';
import { LeasesRepository, LedgerRepository } from '#libs/db';
import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { SERVICE } from '../operations/service-scope.js';
import { every, type Periodic } from '../sweeps/every.js';
import { LOGGER, SETTINGS } from '../tokens.js';
import { AutoHeal } from './auto-heal.js';
import { CleanOrphans, type Cleaned } from './clean-orphans.js';
import { LedgerMetrics } from './ledger-metrics.js';
import { LedgerScan, type ScanReport } from './ledger-scan.js';

const LEASE = 'ledger-scan';
const MINUTE_MS = 60_000;

/** How often it is asked whether it is time. A conductor that has just started has other things to do first. */
const ASK_MS = MINUTE_MS;

export function watchLedger(watch: LedgerWatch, signal: AbortSignal, log: Logger): Periodic {
  let first = true;
  return every('ledger', ASK_MS, log, async () => {
    if (!first) await watch.turn(signal);
    first = false;
  });
}

/** The look at the cloud that comes by itself: whoever gets the lease does it, and nobody else until it ends. */
@Injectable()
export class LedgerWatch {
  constructor(
    private readonly leases: LeasesRepository,
    private readonly ledger: LedgerRepository,
    private readonly scan: LedgerScan,
    private readonly cleaner: CleanOrphans,
    private readonly heal: AutoHeal,
    private readonly metrics: LedgerMetrics,
    @Inject(SETTINGS) private readonly settings: Settings,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /** One look, if it is time for one and nobody else has had it. @returns whether there was one */
  async turn(signal: AbortSignal): Promise<boolean> {
    const { LEDGER_SCAN_MINUTES: minutes, CONDUCTOR_NAME: name } = this.settings;
    if (minutes === 0) return false;
    // Not given back: it is the pause until the next look.
    const lease = await this.leases.acquire(LEASE, `${name}/${randomUUID()}`, minutes * MINUTE_MS);
    if (!lease) return false;
    await this.look(signal);
    return true;
  }

  /** Look, tell, adopt, clean if that is wanted, heal. */
  async look(signal: AbortSignal): Promise<{ report: ScanReport; cleaned: readonly Cleaned[]; healed: readonly string[] }> {
    const begun = performance.now();
    const report = await this.scan.run(signal);
    const findings = await this.ledger.list(SERVICE);
    const { ORPHAN_CLEAN: clean, ORPHAN_GRACE_MINUTES: grace } = this.settings;
    const certain = clean ? findings : findings.filter((one) => one.class === 'adoptable');
    const cleaned = await this.cleaner.run(certain, grace * MINUTE_MS, signal);
    const healed = await this.heal.run(report);
    this.metrics.note(report, cleaned, healed.length);
    const { clusters, busy, foreign, lists, found, added, cleared } = report;
    this.log.info(
      {
        ...{ clusters, busy, foreign, lists, found: found.length, added: added.length, cleared: cleared.length },
        cleaned: cleaned.filter(({ outcome }) => outcome !== 'kept').length,
        healed: healed.length,
        ms: Math.round(performance.now() - begun),
      },
      'compared the ledger with the cloud',
    );
    return { report, cleaned, healed };
  }
}
