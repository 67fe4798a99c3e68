import type { Cloud } from '../cloud.js';
import { defaultLatencies } from '../latencies.js';
import type { Latencies } from '../latencies.js';
import { badRequest, notFound } from '../server/api-error.js';
import { created, noContent, ok, openRoute } from '../server/call.js';
import type { Call, Json, Route } from '../server/call.js';
import { isObject } from '../server/fields.js';
import type { CallLog } from './call-log.js';
import { faultKinds } from './faults.js';
import type { FaultRule, Faults } from './faults.js';
import type { GuestLatencies } from '../guests/guest-options.js';
import { inventory } from './inventory.js';

/** The sandbox's own API, `/sandbox/...`: faults, latencies, call counts, inventory, timings, objects, consoles. Needs no token. */
export function adminRoutes(parts: {
  readonly cloud: Cloud;
  readonly faults: Faults;
  readonly log: CallLog;
  /** Null where nothing runs on the servers. */
  readonly guestLatencies: GuestLatencies | null;
}): Route[] {
  const { cloud, faults, log, guestLatencies } = parts;
  const latencies = (): Json => ({ latencies: cloud.latencies, guests: guestLatencies });
  return [
    openRoute('GET', '/sandbox', () =>
      ok({ region: cloud.region, routes: ['faults', 'latencies', 'calls', 'inventory', 'timings', 'objects/{table}/{id}'] }),
    ),
    openRoute('GET', '/sandbox/faults', () => ok({ faults: faults.list() })),
    openRoute('POST', '/sandbox/faults', (call) => created({ fault: faults.add(faultRule(call.body)) })),
    openRoute('DELETE', '/sandbox/faults', () => {
      faults.clear();
      return noContent;
    }),
    openRoute('DELETE', '/sandbox/faults/:id', (call) => {
      if (!faults.remove(call.params['id'] ?? '')) throw notFound('no such fault');
      return noContent;
    }),
    openRoute('GET', '/sandbox/latencies', () => ok(latencies())),
    openRoute('PUT', '/sandbox/latencies', (call) => {
      setLatencies(cloud.latencies, call.body);
      return ok(latencies());
    }),
    openRoute('GET', '/sandbox/calls', (call) =>
      ok({ counts: log.counts(), calls: log.latest(Number(call.query.get('limit') ?? 0) || 0) }),
    ),
    openRoute('DELETE', '/sandbox/calls', () => {
      log.clear();
      return noContent;
    }),
    openRoute('GET', '/sandbox/inventory', (call) =>
      ok({ projects: inventory(cloud.store, call.query.get('project') ?? undefined) }),
    ),
    openRoute('GET', '/sandbox/timings', () => ok(timings(cloud))),
    openRoute('DELETE', '/sandbox/timings', () => {
      cloud.timings.clear();
      return noContent;
    }),
    openRoute('GET', '/sandbox/objects/:table/:id', (call) => ok({ object: object(cloud, call).row })),
    openRoute('PATCH', '/sandbox/objects/:table/:id', (call) => {
      const { table, row } = object(cloud, call);
      if (!isObject(call.body) || 'id' in call.body) throw badRequest('an object without id is needed');
      return ok({ object: table.patch(row.id, call.body) });
    }),
  ];
}

function object(cloud: Cloud, call: Call) {
  const table = cloud.store.tableNamed(call.params['table'] ?? '');
  const row = table?.get(call.params['id'] ?? '');
  if (table === undefined || row === undefined) throw notFound(`no ${call.params['table']} ${call.params['id']}`);
  return { table, row };
}

function faultRule(body: unknown): FaultRule {
  if (!isObject(body)) throw badRequest('a fault is an object');
  const kind = body['kind'];
  if (!faultKinds.some((known) => known === kind)) throw badRequest(`kind is one of ${faultKinds.join(', ')}`);
  for (const pattern of [body['path'], body['body_matches']]) {
    if (pattern !== undefined && (typeof pattern !== 'string' || !isPattern(pattern)))
      throw badRequest(`${JSON.stringify(pattern)} is no regular expression`);
  }
  return body as unknown as FaultRule;
}

function isPattern(source: string): boolean {
  try {
    return new RegExp(source) instanceof RegExp;
  } catch {
    return false;
  }
}

function setLatencies(latencies: Latencies, body: unknown): void {
  if (!isObject(body)) throw badRequest('latencies are an object');
  for (const [name, value] of Object.entries(body)) {
    if (!(name in defaultLatencies) || typeof value !== 'number' || value < 0)
      throw badRequest(`${name} is no latency, or not a number of at least 0`);
    latencies[name as keyof Latencies] = value;
  }
}

/** Every finished and open timing, and for each kind and verb the longest, the sum and the span from first start to last end. */
function timings(cloud: Cloud): Json {
  const list = cloud.timings.list();
  const summary: Record<
    string,
    { count: number; longestMs: number; totalMs: number; firstStart: number; lastEnd: number; spanMs: number }
  > = {};
  for (const timing of list) {
    if (timing.finishedAt === null) continue;
    const ms = timing.finishedAt - timing.startedAt;
    const entry = (summary[`${timing.kind} ${timing.what}`] ??= {
      count: 0,
      longestMs: 0,
      totalMs: 0,
      firstStart: timing.startedAt,
      lastEnd: 0,
      spanMs: 0,
    });
    entry.count += 1;
    entry.longestMs = Math.max(entry.longestMs, ms);
    entry.totalMs += ms;
    entry.lastEnd = Math.max(entry.lastEnd, timing.finishedAt);
    entry.spanMs = entry.lastEnd - entry.firstStart;
  }
  return {
    summary,
    timings: list.map((timing) => ({ ...timing, ms: timing.finishedAt === null ? null : timing.finishedAt - timing.startedAt })),
  };
}
