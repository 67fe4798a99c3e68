import type { Dispatcher } from 'undici';
import type { z } from 'zod';
import { noteCall } from './call-note.js';
import { cloudWords } from './cloud-words.js';
import { OpenStackError, type ServiceName } from './errors.js';
import { LONGEST_RETRY_AFTER_MS, MAX_ATTEMPTS, pauseMs, retryAfterMs, type Clock } from './retry.js';
import type { Outcome, Pass } from './traffic/service-gate.js';
import type { Traffic } from './traffic/traffic.js';
import { NoAnswer, type Wire, type WireAnswer } from './transport.js';

/** One attempt of one call, for metrics and traces; no header, no body, no value of the path. */
export interface CallRecord {
  readonly service: ServiceName;
  readonly method: string;
  readonly template: string;
  /** Null: no answer came. */
  readonly status: number | null;
  readonly ms: number;
  readonly attempt: number;
  /** For its turn before it was sent. */
  readonly waitedMs: number;
  readonly requestId?: string | undefined;
}

/** A list is the same parameter several times. */
export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

export interface Call<S extends z.ZodType> {
  readonly service: ServiceName;
  readonly method: Dispatcher.HttpMethod;
  /** Base of the service and the template of the path; `{name}` is filled from `params`. */
  readonly base: string;
  readonly template: string;
  readonly params?: Readonly<Record<string, string>> | undefined;
  readonly query?: Query | undefined;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** How the answer must look; without it the body is not read. */
  readonly reply?: S | undefined;
  /** Whether asking twice does what asking once does. Default: every method but POST and PATCH. */
  readonly idempotent?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Calls of one lane wait for each other, lanes take turns. */
  readonly lane?: string | undefined;
}

export interface Reply<T> {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: T;
}

/** Turns calls into answers or typed errors; repeats what may be repeated. Knows nothing of tokens. */
export class Caller {
  constructor(
    private readonly transport: Wire,
    readonly clock: Clock,
    private readonly traffic: Traffic,
    private readonly onCall: (record: CallRecord) => void = () => undefined,
  ) {}

  /**
   * @throws OpenStackError. A call that changes something is let finish once it was sent, so that its answer is known;
   * the signal ends pauses and reads.
   */
  async call<S extends z.ZodType>(call: Call<S>): Promise<Reply<z.infer<S>>> {
    let refusal: OpenStackError | undefined;
    for (let attempt = 1; ; attempt++) {
      call.signal?.throwIfAborted();
      const pass = await this.enter(call, refusal);
      try {
        return await this.attempt(call, attempt, pass);
      } catch (error) {
        if (!(error instanceof OpenStackError) || !mayRepeat(call, error) || attempt >= MAX_ATTEMPTS) throw error;
        refusal = error;
        await this.clock.sleep(pauseMs(attempt, error.retryAfterMs, this.clock), call.signal);
      }
    }
  }

  /** The right to one attempt. What an attempt before has learnt counts more than that another one cannot be made. */
  private async enter(call: AnyCall, refusal: OpenStackError | undefined): Promise<Pass> {
    const { service, method, template, lane = '', signal } = call;
    try {
      return await this.traffic.enter(service, { method, template, lane, signal });
    } catch (error) {
      throw error instanceof OpenStackError ? (refusal ?? error) : error;
    }
  }

  private async attempt<S extends z.ZodType>(call: Call<S>, attempt: number, pass: Pass): Promise<Reply<z.infer<S>>> {
    const began = this.clock.now();
    let answer: WireAnswer | undefined;
    let outcome: Outcome = { kind: 'forgone' };
    try {
      answer = await this.transport.send({
        method: call.method,
        url: urlOf(call),
        headers: {
          accept: 'application/json',
          ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
          ...call.headers,
        },
        body: call.body === undefined ? undefined : JSON.stringify(call.body),
        signal: isRead(call.method) ? call.signal : undefined,
      });
      outcome = outcomeOf(answer, began);
      if (answer.status < 200 || answer.status > 299) throw refused(call, answer, began);
      return { status: answer.status, headers: answer.headers, body: bodyOf(call, answer) };
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      // A certificate that is not trusted is nothing that time heals: whoever waits for it waits in vain.
      if (error.retryable) outcome = { kind: 'failed', certain: true };
      throw unanswered(call, error);
    } finally {
      pass.leave(outcome);
      noteCall(call.method, answer?.status ?? null, answer && requestIdOf(answer));
      this.onCall({
        service: call.service,
        method: call.method,
        template: call.template,
        status: answer?.status ?? null,
        ms: this.clock.now() - began,
        attempt,
        waitedMs: pass.waitedMs,
        requestId: answer && requestIdOf(answer),
      });
    }
  }
}

type AnyCall = Call<z.ZodType>;

/** What an answer says of the service. A 500 may be one object's: only several of them speak for the service. */
function outcomeOf(answer: WireAnswer, now: number): Outcome {
  const { status } = answer;
  const pause = retryAfterMs(answer.headers['retry-after'], now);
  if (status === 429) return { kind: 'throttled', retryAfterMs: pause };
  if (status === 502 || status === 503 || status === 504) return { kind: 'failed', certain: true, retryAfterMs: pause };
  return status === 500 ? { kind: 'failed', certain: false } : { kind: 'served' };
}

const isRead = (method: string): boolean => method === 'GET' || method === 'HEAD';
const isIdempotent = (call: AnyCall): boolean => call.idempotent ?? !(call.method === 'POST' || call.method === 'PATCH');

function mayRepeat(call: AnyCall, error: OpenStackError): boolean {
  if (!error.retryable) return false;
  if (error.retryAfterMs !== undefined && error.retryAfterMs > LONGEST_RETRY_AFTER_MS) return false;
  return isIdempotent(call) || !error.sideEffectUnknown;
}

function urlOf(call: AnyCall): string {
  const path = call.template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = call.params?.[name];
    if (!value) throw new Error(`${call.template} without ${name}`);
    return encodeURIComponent(value);
  });
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(call.query ?? {})) {
    if (Array.isArray(value)) for (const item of value as readonly string[]) query.append(name, item);
    else if (value !== undefined) query.append(name, String(value));
  }
  return `${call.base}${path}${query.size > 0 ? `?${query.toString()}` : ''}`;
}

function bodyOf<S extends z.ZodType>(call: Call<S>, answer: WireAnswer): z.infer<S> {
  if (!call.reply) return undefined as z.infer<S>;
  let json: unknown;
  try {
    json = JSON.parse(answer.body);
  } catch (error) {
    throw malformed(call, answer, 'an answer that is not JSON', error);
  }
  const parsed = call.reply.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw malformed(call, answer, `an answer we cannot read: ${issue?.path.join('.')}: ${issue?.message}`, parsed.error);
}

function malformed(call: AnyCall, answer: WireAnswer, words: string, cause: unknown): OpenStackError {
  return new OpenStackError(
    words,
    {
      service: call.service,
      method: call.method,
      path: call.template,
      httpStatus: answer.status,
      code: 'cloud-malformed-answer',
      requestId: requestIdOf(answer),
      // A proxy's page with status 200 passes; whatever was asked may have been done.
      retryable: true,
      sideEffectUnknown: !isRead(call.method),
    },
    { cause },
  );
}

/** 500 is often an overload or a lost database connection in Nova and Neutron; 501 and 505 stay. */
const RETRYABLE: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

function refused(call: AnyCall, answer: WireAnswer, now: number): OpenStackError {
  const { words, fault } = cloudWords(answer.body);
  const redirect = answer.status >= 300 && answer.status < 400;
  const pause = retryAfterMs(answer.headers['retry-after'], now);
  const didNothing = answer.status < 500 || answer.status === 501 || (answer.status === 503 && pause !== undefined);
  return new OpenStackError(redirect ? `answered with a redirect (${answer.status})` : words || `answered ${answer.status}`, {
    service: call.service,
    method: call.method,
    path: call.template,
    httpStatus: answer.status,
    requestId: requestIdOf(answer),
    fault,
    retryable: RETRYABLE.has(answer.status),
    sideEffectUnknown: !isRead(call.method) && !didNothing,
    retryAfterMs: pause,
  });
}

function unanswered(call: AnyCall, error: NoAnswer): OpenStackError {
  return new OpenStackError(
    error.message,
    {
      service: call.service,
      method: call.method,
      path: call.template,
      httpStatus: null,
      code: error.retryable ? 'cloud-unreachable' : 'cloud-not-trusted',
      retryable: error.retryable,
      sideEffectUnknown: !isRead(call.method) && error.did === 'unknown',
    },
    { cause: error.cause },
  );
}

function requestIdOf(answer: WireAnswer): string | undefined {
  return answer.headers['x-openstack-request-id'] ?? answer.headers['x-compute-request-id'];
}
