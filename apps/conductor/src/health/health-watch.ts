import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { Settings } from '#libs/config';
import { HealthRepository, LeasesRepository } from '#libs/db';
import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { SERVICE } from '../operations/service-scope.js';
import { every, type Periodic } from '../sweeps/every.js';
import { LOGGER, SETTINGS } from '../tokens.js';
import { HealthMetrics } from './health-metrics.js';
import { HealthRound } from './health-round.js';
import { InFlight } from './in-flight.js';

/** A round is cut into so many slices of clusters, by their uuids, one after the other. */
export const SLICES = 64;
/** Of a round: so long nobody else looks at a slice. */
const LEASE_SHARE = 0.8;

/**
 * Looks at every cluster's health once a round. Slice by slice, so that the work is spread over the round; whoever gets a slice's
 * lease does it, and the lease is the pause until the next round. A look costs the database nothing but its share of two reads,
 * and a write when something has changed. A conductor that has enough to do takes no more: another one does, or the next round.
 */
@Injectable()
export class HealthWatch {
  readonly #running: InFlight;
  /** Clusters that did not answer last time: they wait for their time-outs, and hold up nobody else. */
  readonly #silent: InFlight;
  /** The last slice that was tried, counted since 1970. */
  #tried: number | null = null;

  constructor(
    private readonly leases: LeasesRepository,
    private readonly health: HealthRepository,
    private readonly round: HealthRound,
    private readonly metrics: HealthMetrics,
    @Inject(SETTINGS) private readonly settings: Settings,
    @Inject(LOGGER) private readonly log: Logger,
  ) {
    this.#running = new InFlight(settings.HEALTH_CHECKS_AT_ONCE);
    this.#silent = new InFlight(settings.HEALTH_CHECKS_AT_ONCE);
  }

  /** @returns stops it: no further slice, the looks under way are broken off */
  start(signal: AbortSignal): Periodic {
    const periodic = every('health', this.#tickMs, this.log, () => this.tick(Date.now(), signal));
    return {
      stop: async () => {
        await periodic.stop();
        await Promise.all([this.#running.idle(), this.#silent.idle()]);
      },
    };
  }

  /** Takes the slices whose time has come. Does not wait for their looks. */
  async tick(now: number, signal: AbortSignal): Promise<void> {
    const current = Math.floor(now / this.#tickMs);
    const first = Math.max(current - SLICES + 1, this.#tried === null ? current : this.#tried + 1);
    for (let turn = first; turn <= current; turn++) {
      if (signal.aborted || this.#running.full) return;
      await this.slice(turn % SLICES, signal);
      this.#tried = turn;
    }
  }

  /** @returns how many clusters there are to look at; null: somebody else looks, or has just looked */
  async slice(slice: number, signal: AbortSignal): Promise<number | null> {
    const { CONDUCTOR_NAME: name, HEALTH_CHECK_SECONDS: seconds } = this.settings;
    // Not given back: it is the pause until the next round.
    const lease = await this.leases.acquire(`health:${slice}`, `${name}/${randomUUID()}`, seconds * 1000 * LEASE_SHARE);
    if (!lease) return null;
    const clusters = await this.health.slice(SERVICE, slice, SLICES);
    setMaxListeners(0, signal);
    for (const cluster of clusters) {
      const silent = cluster.healthStatus === 'UNKNOWN';
      // There are too many of these: another round will do.
      if (silent && this.#silent.full) continue;
      (silent ? this.#silent : this.#running).add(async () => {
        if (signal.aborted) return;
        const begun = performance.now();
        try {
          this.metrics.note(await this.round.run(cluster, signal), performance.now() - begun);
        } catch (error) {
          if (!signal.aborted) this.log.warn({ clusterUuid: cluster.uuid, error: String(error) }, 'a look at health failed');
        }
      });
    }
    return clusters.length;
  }

  /** Every cluster now, whoever has the leases' pauses: for tests and measurements. */
  async all(signal: AbortSignal): Promise<void> {
    setMaxListeners(0, signal);
    for (let slice = 0; slice < SLICES; slice++) {
      for (const cluster of await this.health.slice(SERVICE, slice, SLICES)) {
        this.#running.add(async () => void this.metrics.note(await this.round.run(cluster, signal), 0));
      }
    }
    await this.#running.idle();
  }

  get #tickMs(): number {
    return (this.settings.HEALTH_CHECK_SECONDS * 1000) / SLICES;
  }
}
