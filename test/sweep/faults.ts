import type { FaultRule } from '#libs/sandbox';

/** Where an operation touches the world outside of its conductor. */
export type Layer = 'cloud' | 'database' | 'queue' | 'kubernetes';

/** The `n`-th call like this one, from 1. Numbered for each key alone: calls that run side by side come in any order. */
export interface Point {
  readonly layer: Layer;
  /** `POST network /ports worker-0-port`, `insert events+update operations`, `add`. */
  readonly key: string;
  readonly n: number;
}

/** What a fault of a class must come to. */
export type Outcome =
  /** The operation is COMPLETE all the same. */
  | 'survived'
  /** COMPLETE, or FAILED with its reason: the cloud has said no. */
  | 'told';

interface FaultClass {
  readonly layer: Layer | 'any';
  readonly outcome: Outcome;
  /** Only for calls that change something. */
  readonly changesOnly?: true;
  /** What the simulated cloud does with the call. */
  readonly rule?: FaultRule;
  readonly sentence: string;
}

const conflict = { conflictingRequest: { code: 409, message: 'Simulated: it is not in a state for that' } };
const missing = { itemNotFound: { code: 404, message: 'Simulated: it could not be found' } };
/** Longer than a call takes, shorter than the client waits. */
const SLOW_MS = 700;

export const FAULT_CLASSES = {
  '500-before': {
    layer: 'cloud',
    outcome: 'survived',
    rule: { kind: 'status', status: 500 },
    sentence: 'status 500, nothing done',
  },
  '500-after': {
    layer: 'cloud',
    outcome: 'survived',
    changesOnly: true,
    rule: { kind: 'status', status: 500, after: true },
    sentence: 'status 500, the work done all the same',
  },
  'hang-before': {
    layer: 'cloud',
    outcome: 'survived',
    rule: { kind: 'hang' },
    sentence: 'no answer until the client gives up, nothing done',
  },
  'hang-after': {
    layer: 'cloud',
    outcome: 'survived',
    changesOnly: true,
    rule: { kind: 'hang', after: true },
    sentence: 'no answer until the client gives up, the work done',
  },
  'reset-before': {
    layer: 'cloud',
    outcome: 'survived',
    rule: { kind: 'drop-before' },
    sentence: 'the connection is cut, nothing done',
  },
  'reset-after': {
    layer: 'cloud',
    outcome: 'survived',
    changesOnly: true,
    rule: { kind: 'drop-after' },
    sentence: 'the connection is cut, the work done',
  },
  '409': {
    layer: 'cloud',
    outcome: 'told',
    rule: { kind: 'status', status: 409, body: conflict },
    sentence: 'status 409, nothing done',
  },
  '404': {
    layer: 'cloud',
    outcome: 'told',
    rule: { kind: 'status', status: 404, body: missing },
    sentence: 'status 404, nothing done; to a DELETE: the object is gone',
  },
  '429': {
    layer: 'cloud',
    outcome: 'survived',
    rule: { kind: 'status', status: 429 },
    sentence: 'status 429 without Retry-After, nothing done',
  },
  '429-wait': {
    layer: 'cloud',
    outcome: 'survived',
    rule: { kind: 'status', status: 429, retry_after: 1 },
    sentence: 'status 429 with Retry-After: 1, nothing done',
  },
  '401': { layer: 'cloud', outcome: 'survived', rule: { kind: 'status', status: 401 }, sentence: 'status 401 once' },
  malformed: {
    layer: 'cloud',
    outcome: 'survived',
    rule: { kind: 'malformed' },
    sentence: 'half of a JSON document, the work done',
  },
  slow: {
    layer: 'cloud',
    outcome: 'survived',
    rule: { kind: 'delay', delay_ms: SLOW_MS, after: true },
    sentence: `the answer comes ${SLOW_MS} ms late`,
  },
  serialization: { layer: 'database', outcome: 'survived', sentence: 'the commit fails with SQLSTATE 40001' },
  'lost-before': {
    layer: 'database',
    outcome: 'survived',
    sentence: 'the connection to Postgres breaks before the commit',
  },
  'lost-after': {
    layer: 'database',
    outcome: 'survived',
    sentence: 'the connection to Postgres breaks after the commit, which nobody hears of',
  },
  'job-lost': { layer: 'queue', outcome: 'survived', sentence: 'the job is lost' },
  'job-twice': { layer: 'queue', outcome: 'survived', sentence: 'the job is delivered twice at once' },
  stop: {
    layer: 'database',
    outcome: 'survived',
    sentence: 'the conductor is stopped before the commit, for longer than its lease lives, and goes on then',
  },
  'crash-before': { layer: 'any', outcome: 'survived', sentence: 'the conductor dies before the call' },
  'crash-after': { layer: 'any', outcome: 'survived', sentence: 'the conductor dies after the call, without hearing the answer' },
} as const satisfies Record<string, FaultClass>;

export type FaultName = keyof typeof FAULT_CLASSES;
export const FAULT_NAMES = Object.keys(FAULT_CLASSES) as FaultName[];

/** A fault at a point. */
export interface Strike {
  readonly point: Point;
  readonly fault: FaultName;
}

const isRead = (key: string): boolean => key.startsWith('GET ') || key.startsWith('HEAD ');

/**
 * Keystone's own 401 to a login, and a caller's token that is refused, are no expiry that a new login would mend: the first
 * says that the password is wrong, the second that the caller has to ask again.
 */
const isFinal401 = (key: string): boolean => key.includes('/auth/tokens') || key.endsWith(' as the caller');

/** Which faults can meet the point. */
export function faultsAt({ layer, key }: Point): FaultName[] {
  return FAULT_NAMES.filter((name) => {
    const fault: FaultClass = FAULT_CLASSES[name];
    if (fault.layer !== layer && fault.layer !== 'any') return false;
    if (layer === 'queue' && !applies(name, key)) return false;
    return !(fault.changesOnly && isRead(key));
  });
}

/** A job is lost and doubled on its way in; a conductor dies when it has taken it, and before it has put it off. */
function applies(name: FaultName, key: string): boolean {
  return key === 'add' ? name.startsWith('job-') : name.startsWith('crash-');
}

export function outcomeOf({ point, fault }: Strike): Outcome {
  if (fault === '401' && isFinal401(point.key)) return 'told';
  return FAULT_CLASSES[fault].outcome;
}

/** What the simulated cloud is told with the call. */
export function ruleOf(fault: FaultName, method: string): FaultRule | undefined {
  const { rule }: FaultClass = FAULT_CLASSES[fault];
  // A cloud that denies what is there is beyond any client: to a DELETE, 404 means gone.
  return fault === '404' && method === 'DELETE' && rule ? { ...rule, after: true } : rule;
}

export const pointText = ({ layer, key, n }: Point): string => `${layer} ${key} #${n}`;
export const strikeText = ({ point, fault }: Strike): string => `${pointText(point)} ${fault}`;

/** The reverse of `strikeText`. @throws Error */
export function parseStrike(text: string): Strike {
  const [, layer, key, n, fault] = /^(cloud|database|queue|kubernetes) (.+) #(\d+) (\S+)$/.exec(text.trim()) ?? [];
  if (!layer || !key || !fault || !FAULT_NAMES.includes(fault as FaultName)) throw new Error(`not a strike: ${text}`);
  return { point: { layer: layer as Layer, key, n: Number(n) }, fault: fault as FaultName };
}
