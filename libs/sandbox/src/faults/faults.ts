import { randomUUID } from 'node:crypto';
import type { Outcome } from '../server/call.js';
import type { ServiceName } from '../server/service.js';

/** A fault to inject. Fields left out match everything. */
export interface FaultRule {
  readonly service?: ServiceName;
  readonly method?: string;
  /** Regular expression, tried on the path below the version (`/servers/3f..`) and on its template (`/servers/:id`). */
  readonly path?: string;
  /** Regular expression on the request's body, as text. */
  readonly body_matches?: string;
  /** The first matching call that is affected; 1 unless told. */
  readonly nth?: number;
  /** How many calls are affected from there on; 1 unless told, 0 for all. */
  readonly count?: number;
  /**
   * `status`: answer `status` (with `body`, `retry_after`) without doing the work; `delay`: wait `delay_ms`, then go on;
   * `drop-before` / `drop-after`: cut the line without doing / after doing the work; `hang`: never answer; `malformed`: do the
   * work, then answer broken JSON; `outcome`: what this call makes ends in ERROR (`outcome: error`, `reason`) or never
   * gets anywhere (`outcome: stuck`): servers, load balancers and what is below them, volumes; creating and deleting.
   * With `after: true`, `status`, `delay` and `hang` come after the work was done.
   */
  readonly kind: FaultKind;
  readonly after?: boolean;
  readonly status?: number;
  readonly body?: unknown;
  /** Seconds, or an HTTP date. */
  readonly retry_after?: number | string;
  readonly delay_ms?: number;
  readonly outcome?: Outcome['outcome'];
  readonly reason?: string;
}

export const faultKinds = ['status', 'delay', 'drop-before', 'drop-after', 'hang', 'malformed', 'outcome'] as const;
export type FaultKind = (typeof faultKinds)[number];

/** A fault as listed: the rule, and how often it met and struck. */
export interface InjectedFault extends FaultRule {
  readonly id: string;
  matched: number;
  struck: number;
}

export interface FaultSubject {
  readonly service: ServiceName;
  readonly method: string;
  readonly path: string;
  readonly template: string;
  readonly body: string;
}

/** The faults in force. In memory only: a restart clears them. */
export class Faults {
  private readonly faults = new Map<string, InjectedFault & { readonly pattern?: RegExp; readonly bodyPattern?: RegExp }>();

  add(rule: FaultRule): InjectedFault {
    const fault = {
      ...rule,
      id: randomUUID(),
      matched: 0,
      struck: 0,
      ...(rule.path === undefined ? {} : { pattern: new RegExp(rule.path) }),
      ...(rule.body_matches === undefined ? {} : { bodyPattern: new RegExp(rule.body_matches) }),
    };
    this.faults.set(fault.id, fault);
    return publicView(fault);
  }

  list(): InjectedFault[] {
    return [...this.faults.values()].map(publicView);
  }

  remove(id: string): boolean {
    return this.faults.delete(id);
  }

  clear(): void {
    this.faults.clear();
  }

  /** The fault that strikes this call, if any: the oldest one. Every matching rule counts the call. */
  strike(subject: FaultSubject): InjectedFault | undefined {
    let struck: InjectedFault | undefined;
    for (const fault of this.faults.values()) {
      if (fault.service !== undefined && fault.service !== subject.service) continue;
      if (fault.method !== undefined && fault.method.toUpperCase() !== subject.method) continue;
      if (fault.pattern !== undefined && !fault.pattern.test(subject.path) && !fault.pattern.test(subject.template)) continue;
      if (fault.bodyPattern !== undefined && !fault.bodyPattern.test(subject.body)) continue;
      fault.matched += 1;
      const first = fault.nth ?? 1;
      const count = fault.count ?? 1;
      if (struck !== undefined || fault.matched < first || (count !== 0 && fault.matched >= first + count)) continue;
      fault.struck += 1;
      struck = fault;
    }
    return struck;
  }
}

function publicView(fault: InjectedFault & { pattern?: RegExp; bodyPattern?: RegExp }): InjectedFault {
  const { pattern: _pattern, bodyPattern: _bodyPattern, ...view } = fault;
  return view;
}
