import type { Answer } from './side.js';
import { parseJson } from './side.js';

/** One thing that is not the same. `part` is `answer`, `header NAME` or `body PATH`; `(none)` is where there is nothing. */
export interface Difference {
  readonly part: string;
  readonly magnum: string;
  readonly ours: string;
}

export const NONE = '(none)';

/** Of the connection and the server program, not of the service. */
const TRANSPORT = new Set(['connection', 'content-length', 'date', 'keep-alive', 'server', 'transfer-encoding']);

/** What is told by a name instead of its value, so that two sides can be compared. */
export interface Names {
  readonly base: string;
  readonly saved: ReadonlyMap<string, string>;
}

/**
 * Everything that differs between two answers to the same request, but for what must: ids, times, the host.
 * Where the statuses differ there is one difference for the whole answer, besides its headers.
 */
export function compare(magnum: Answer, ours: Answer, magnumNames: Names, ourNames: Names): Difference[] {
  const headers = compareHeaders(magnum, ours, magnumNames, ourNames);
  const left = readBody(magnum, magnumNames);
  const right = readBody(ours, ourNames);
  if (magnum.status !== ours.status) {
    const summary = (status: number, body: unknown): string => `${status} ${gist(body)}`.trim();
    return [{ part: 'answer', magnum: summary(magnum.status, left), ours: summary(ours.status, right) }, ...headers];
  }
  const body: Difference[] = [];
  compareValues('$', left, right, body);
  return [...headers, ...withoutFollowingTitle(body, left, right)];
}

function compareHeaders(magnum: Answer, ours: Answer, magnumNames: Names, ourNames: Names): Difference[] {
  const names = [...new Set([...Object.keys(magnum.headers), ...Object.keys(ours.headers)])].filter(
    (name) => !TRANSPORT.has(name),
  );
  return names.sort().flatMap((name) => {
    const left = headerText(magnum, name, magnumNames);
    const right = headerText(ours, name, ourNames);
    return left === right ? [] : [{ part: `header ${name}`, magnum: left, ours: right }];
  });
}

function headerText(answer: Answer, name: string, names: Names): string {
  const value = answer.headers[name];
  if (value === undefined) return NONE;
  const text = normalize([value].flat().join(', '), names);
  if (name === 'etag') return '<tag>';
  return name === 'allow' ? sorted(text) : text;
}

function readBody(answer: Answer, names: Names): unknown {
  if (answer.text === '') return undefined;
  const parsed = parseJson(answer.text);
  return normalizeDeep(parsed === undefined ? answer.text : parsed, names);
}

function normalizeDeep(value: unknown, names: Names): unknown {
  if (typeof value === 'string') return normalize(value, names);
  if (Array.isArray(value)) return value.map((item) => normalizeDeep(item, names));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [normalize(key, names), member(key, item, names)]));
  return value;
}

/** Serial numbers of rows, and counts of heartbeats, are the database's own affair. */
function member(key: string, item: unknown, names: Names): unknown {
  const counted = (key === 'id' || key === 'report_count') && typeof item === 'number';
  return counted ? '<number>' : normalizeDeep(item, names);
}

const UUID = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g;
const TIME = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)/g;
const PEM = /-----BEGIN ([A-Z ]+)-----[\s\S]+?-----END \1-----/g;
/** The Greek letter is drawn by lot. */
const GENERATED =
  /\b(alpha|beta|gamma|delta|epsilon|zeta|eta|theta|iota|kappa|lambda|mu|nu|xi|omicron|pi|rho|sigma|tau|upsilon|phi|chi|psi|omega)-\d{1,2}-(cluster|template)\b/g;

/** Words whose order upstream leaves to chance. */
const WORDS = /(Value should be one of: |Unknown argument: "|Unknown attributes for argument \w+: )([^"]+)/g;
const sorted = (words: string): string => words.split(/,\s*/).sort().join(', ');
/** The bench's external network, and the clusters' own networks. */
const PUBLIC_ADDRESS = /\b127\.24\.\d{1,3}\.\d{1,3}\b/g;
const FIXED_ADDRESS = /\b10\.0\.0\.\d{1,3}\b/g;

export function normalize(text: string, { base, saved }: Names): string {
  let named = text.replaceAll(base, '<url>');
  const longestFirst = [...saved].filter(([, value]) => value.length >= 6).sort(([, a], [, b]) => b.length - a.length);
  for (const [name, value] of longestFirst) named = named.replaceAll(value, `{${name}}`);
  return named
    .replace(PEM, '<$1>')
    .replace(/req-<?[0-9a-f-]{36}/g, '<request id>')
    .replace(UUID, '<uuid>')
    .replace(TIME, '<time>')
    .replace(GENERATED, '<generated>-$2')
    .replace(PUBLIC_ADDRESS, '<public address>')
    .replace(FIXED_ADDRESS, '<fixed address>')
    .replace(/\bmarker=\d+/g, 'marker=<number>')
    .replace(WORDS, (_whole, before: string, words: string) => before + sorted(words));
}

function compareValues(path: string, left: unknown, right: unknown, found: Difference[]): void {
  if (Array.isArray(left) && Array.isArray(right)) {
    if (left.length !== right.length)
      found.push({ part: `body ${path}`, magnum: `${left.length} items`, ours: `${right.length} items` });
    const both = Math.min(left.length, right.length);
    const inner: Difference[] = [];
    for (let index = 0; index < both; index++) compareValues(`${path}[]`, left[index], right[index], inner);
    for (const one of inner) if (!found.some((other) => isSame(one, other))) found.push(one);
    return;
  }
  if (isObject(left) && isObject(right)) {
    for (const key of new Set([...Object.keys(left), ...Object.keys(right)]))
      compareValues(`${path}.${key}`, key in left ? left[key] : undefined, key in right ? right[key] : undefined, found);
    return;
  }
  const [magnum, ours] = [spell(left), spell(right)];
  if (magnum !== ours) found.push({ part: `body ${path}`, magnum, ours });
}

/** A title that is only cut from a text that differs needs no line of its own. */
function withoutFollowingTitle(found: readonly Difference[], left: unknown, right: unknown): Difference[] {
  const cut = (body: unknown): boolean => {
    const [error] = (body as { errors?: { title?: string; detail?: string }[] } | undefined)?.errors ?? [];
    return error?.title !== undefined && `${error.detail}.`.startsWith(`${error.title}.`);
  };
  const detailDiffers = found.some(({ part }) => part === 'body $.errors[].detail');
  if (!detailDiffers || !cut(left) || !cut(right)) return [...found];
  return found.filter(({ part }) => part !== 'body $.errors[].title');
}

/** What an answer says in one line. */
function gist(body: unknown): string {
  const [error] = (body as { errors?: { title?: string; detail?: string }[] } | undefined)?.errors ?? [];
  if (error) return error.detail || error.title || '';
  return body === undefined ? '' : JSON.stringify(body);
}

const isSame = (a: Difference, b: Difference): boolean => a.part === b.part && a.magnum === b.magnum && a.ours === b.ours;
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const spell = (value: unknown): string => (value === undefined ? NONE : JSON.stringify(value));
