import type { ServiceName } from '../server/service.js';

/** One call as it was answered. Status 0: the line was cut or nothing was answered. */
export interface LoggedCall {
  readonly at: number;
  readonly service: ServiceName;
  readonly method: string;
  readonly template: string;
  readonly path: string;
  readonly status: number;
  readonly requestId: string;
  readonly userId: string | null;
  readonly projectId: string | null;
}

export interface CallCount {
  readonly service: ServiceName;
  readonly method: string;
  readonly template: string;
  count: number;
}

const kept = 20_000;

/** Counts calls by service, method and path template, and keeps the latest 20,000. */
export class CallLog {
  private readonly counters = new Map<string, CallCount>();
  private calls: LoggedCall[] = [];

  add(call: LoggedCall): void {
    const key = `${call.service} ${call.method} ${call.template}`;
    const counter = this.counters.get(key);
    if (counter === undefined)
      this.counters.set(key, { service: call.service, method: call.method, template: call.template, count: 1 });
    else counter.count += 1;
    this.calls.push(call);
    if (this.calls.length > kept) this.calls = this.calls.slice(kept / 4);
  }

  counts(): readonly CallCount[] {
    return [...this.counters.values()].sort((a, b) => b.count - a.count);
  }

  latest(limit: number): readonly LoggedCall[] {
    return this.calls.slice(-limit);
  }

  clear(): void {
    this.counters.clear();
    this.calls = [];
  }
}
