import type { ServiceName } from '../errors.js';
import type { Clock } from '../retry.js';
import { ServiceGate, type GateCall, type GateLimits, type GateState, type Pass } from './service-gate.js';

/** How much of the cloud one process may ask for. Fields left out have their defaults. */
export interface TrafficLimits {
  /** Calls per second and service; 0: no limit. Default 500. */
  readonly callsPerSecond?: number | undefined;
  /** Other numbers for single services. */
  readonly byService?: Readonly<Partial<Record<ServiceName, number>>> | undefined;
  /** Failures in a row after which a service is left alone; 0: never. Default 12. */
  readonly breakerFailures?: number | undefined;
  /** The longest time for which it is left alone. Default 15 s. */
  readonly breakerLongestMs?: number | undefined;
  /** A call that would have to wait longer for a service that is left alone fails at once, retryable. Default 5 s. */
  readonly longestHoldMs?: number | undefined;
  /** A call whose turn does not come within this time fails, retryable. Default: it waits as long as its signal lets it. */
  readonly longestWaitMs?: number | undefined;
}

export const DEFAULT_CALLS_PER_SECOND = 500;
export const DEFAULT_BREAKER_FAILURES = 12;
export const DEFAULT_BREAKER_LONGEST_MS = 15_000;
const DEFAULT_LONGEST_HOLD_MS = 5_000;

/** The gates before the services of one cloud. */
export class Traffic {
  private readonly gates = new Map<ServiceName, ServiceGate>();

  constructor(
    private readonly limits: TrafficLimits,
    private readonly clock: Clock,
  ) {}

  /** @throws OpenStackError `cloud-held-back`, retryable, nothing was sent; the signal's reason */
  enter(service: ServiceName, call: GateCall): Promise<Pass> {
    let gate = this.gates.get(service);
    if (!gate) this.gates.set(service, (gate = new ServiceGate(service, this.limitsOf(service), this.clock)));
    return gate.enter(call);
  }

  /** Of the services that were asked so far. */
  states(): GateState[] {
    return [...this.gates.values()].map((gate) => gate.state());
  }

  private limitsOf(service: ServiceName): GateLimits {
    const { limits } = this;
    return {
      callsPerSecond: limits.byService?.[service] ?? limits.callsPerSecond ?? DEFAULT_CALLS_PER_SECOND,
      breaker: {
        failures: limits.breakerFailures ?? DEFAULT_BREAKER_FAILURES,
        longestMs: limits.breakerLongestMs ?? DEFAULT_BREAKER_LONGEST_MS,
      },
      longestHoldMs: limits.longestHoldMs ?? DEFAULT_LONGEST_HOLD_MS,
      longestWaitMs: limits.longestWaitMs,
    };
  }
}
