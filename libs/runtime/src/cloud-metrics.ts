import type { CallRecord, GateState } from '#libs/openstack';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** What the gauges are read from when somebody looks. */
export interface CloudState {
  readonly traffic: { states(): GateState[] };
  readonly logins: { readonly size: number };
}

const BREAKER = { closed: 0, 'half-open': 1, open: 2 } as const;
/** Waits below this are nobody's business: the event loop's own. */
const A_WAIT_MS = 5;

/**
 * How a process gets on with the cloud, for Prometheus. Labels are services, methods, templates of paths and statuses: no id,
 * no project, no cluster.
 * @returns what a `Cloud` is given as `onCall`; `watch` it once it is made
 */
export function cloudMetrics(registry: Registry): { onCall(record: CallRecord): void; watch(cloud: CloudState): void } {
  const registers = [registry];
  const call = ['service', 'method', 'template'] as const;
  const calls = new Counter({
    name: 'jeroboam_cloud_calls_total',
    help: 'Calls to the cloud, each attempt; status none: no answer came',
    labelNames: [...call, 'status'],
    registers,
  });
  const seconds = new Histogram({
    name: 'jeroboam_cloud_call_seconds',
    help: 'How long the cloud took to answer',
    labelNames: ['service', 'method'],
    buckets: [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 60],
    registers,
  });
  const retries = new Counter({
    name: 'jeroboam_cloud_retries_total',
    help: 'Attempts after the first one, inside one call',
    labelNames: ['service', 'method'],
    registers,
  });
  const waits = new Counter({
    name: 'jeroboam_cloud_throttled_total',
    help: 'Calls that waited for their turn: rate budget, pause asked for by the service, or breaker',
    labelNames: ['service'],
    registers,
  });
  const waited = new Counter({
    name: 'jeroboam_cloud_throttled_seconds_total',
    help: 'How long calls waited for their turn',
    labelNames: ['service'],
    registers,
  });
  const logins = new Counter({
    name: 'jeroboam_cloud_logins_total',
    help: 'Tokens fetched from Keystone, by status',
    labelNames: ['status'],
    registers,
  });
  return {
    onCall({ service, method, template, status, ms, attempt, waitedMs }) {
      calls.inc({ service, method, template, status: status ?? 'none' });
      seconds.observe({ service, method }, ms / 1000);
      if (attempt > 1) retries.inc({ service, method });
      if (waitedMs >= A_WAIT_MS) {
        waits.inc({ service });
        waited.inc({ service }, waitedMs / 1000);
      }
      if (method === 'POST' && template === '/auth/tokens') logins.inc({ status: status ?? 'none' });
    },
    watch: (cloud) => watch(cloud, registry),
  };
}

function watch(cloud: CloudState, registry: Registry): void {
  const perService = (name: string, help: string, read: (state: GateState) => number): Gauge =>
    new Gauge({
      name,
      help,
      labelNames: ['service'],
      registers: [registry],
      collect() {
        for (const state of cloud.traffic.states()) this.set({ service: state.service }, read(state));
      },
    });
  perService('jeroboam_cloud_breaker_state', '0 closed, 1 one call tries the service, 2 the service is left alone', (state) => {
    return BREAKER[state.breaker];
  });
  perService('jeroboam_cloud_calls_allowed_per_second', 'The rate budget now; +Inf: no limit', (state) => state.callsPerSecond);
  perService('jeroboam_cloud_calls_waiting', 'Calls that wait for their turn now', (state) => state.waiting);
  perService('jeroboam_cloud_lanes_slowed', 'Credentials that the service has asked to slow down', (state) => state.slowedLanes);
  registry.registerMetric(
    new Gauge({
      name: 'jeroboam_cloud_tokens',
      help: 'Tokens in the cache that are still good',
      registers: [],
      collect() {
        this.set(cloud.logins.size);
      },
    }),
  );
}
