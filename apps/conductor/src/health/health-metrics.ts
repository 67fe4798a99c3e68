import { Injectable } from '@nestjs/common';
import { Counter, Histogram, register, type Registry } from 'prom-client';
import type { Seen } from './health-round.js';

/** What looks at clusters' health have found and cost. */
@Injectable()
export class HealthMetrics {
  private readonly looks: Counter;
  private readonly changes: Counter;
  private readonly healed: Counter;
  private readonly seconds: Histogram;

  constructor(registry: Registry = register) {
    const registers = [registry];
    const of = <T>(name: string, make: () => T): T => (registry.getSingleMetric(name) as T | undefined) ?? make();
    const looks = 'jeroboam_health_looks_total';
    const changes = 'jeroboam_health_changes_total';
    const healed = 'jeroboam_health_healings_total';
    const seconds = 'jeroboam_health_look_seconds';
    this.looks = of(
      looks,
      () => new Counter({ name: looks, help: 'looks at the health of clusters', labelNames: ['found'], registers }),
    );
    this.changes = of(changes, () => new Counter({ name: changes, help: 'looks after which something was written', registers }));
    this.healed = of(healed, () => new Counter({ name: healed, help: 'repairs of nodes that stayed NotReady', registers }));
    this.seconds = of(
      seconds,
      () => new Histogram({ name: seconds, help: 'how long a look took', buckets: [0.01, 0.05, 0.2, 1, 5, 15], registers }),
    );
  }

  /** @param seen null: not looked at, somebody else speaks for the cluster */
  note(seen: Seen | null, ms: number): void {
    if (seen === null) return;
    this.looks.inc({ found: seen.look });
    if (seen.changed) this.changes.inc();
    if (seen.healed) this.healed.inc();
    this.seconds.observe(ms / 1000);
  }
}
