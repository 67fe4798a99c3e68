import { Injectable } from '@nestjs/common';
import { Counter, Gauge, register, type Registry } from 'prom-client';
import type { Cleaned } from './clean-orphans.js';
import type { ScanReport } from './ledger-scan.js';

/** What looks at the cloud have found and done. */
@Injectable()
export class LedgerMetrics {
  private readonly findings: Gauge;
  private readonly found: Counter;
  private readonly cleaned: Counter;
  private readonly healed: Counter;
  private readonly lists: Counter;

  constructor(registry: Registry = register) {
    const registers = [registry];
    const of = <T>(name: string, make: () => T): T => (registry.getSingleMetric(name) as T | undefined) ?? make();
    const gauge = 'jeroboam_ledger_findings';
    const found = 'jeroboam_ledger_found_total';
    const cleaned = 'jeroboam_ledger_cleaned_total';
    const healed = 'jeroboam_ledger_healings_total';
    const lists = 'jeroboam_ledger_lists_total';
    this.findings = of(
      gauge,
      () => new Gauge({ name: gauge, help: 'differences between ledger and cloud', labelNames: ['class'], registers }),
    );
    this.found = of(
      found,
      () => new Counter({ name: found, help: 'differences found for the first time', labelNames: ['class'], registers }),
    );
    this.cleaned = of(
      cleaned,
      () => new Counter({ name: cleaned, help: 'what became of orphans', labelNames: ['outcome'], registers }),
    );
    this.healed = of(healed, () => new Counter({ name: healed, help: 'repairs that nobody has asked for', registers }));
    this.lists = of(lists, () => new Counter({ name: lists, help: 'lists of the cloud that were read', registers }));
  }

  note({ found, added, lists }: ScanReport, cleaned: readonly Cleaned[], healed: number): void {
    this.findings.reset();
    for (const finding of found) this.findings.inc({ class: finding.class });
    for (const finding of added) this.found.inc({ class: finding.class });
    for (const { outcome } of cleaned) this.cleaned.inc({ outcome });
    this.healed.inc(healed);
    this.lists.inc(lists);
  }
}
