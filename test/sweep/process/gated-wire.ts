import type { Wire, WireAnswer, WireRequest } from '#libs/openstack';
import type { FaultRule } from '#libs/sandbox';
import { ruleOf } from '../faults.js';
import type { SimulatedProcess } from './simulated-process.js';

/** The conductor's way to the cloud. The fault itself is the simulated cloud's work, on the real connection. */
export class GatedWire implements Wire {
  constructor(
    private readonly process: SimulatedProcess,
    private readonly real: Wire,
    /** The token of the user who asks: calls made with it are told apart. */
    private readonly callerToken: () => string,
  ) {}

  send(wire: WireRequest): Promise<WireAnswer> {
    const key = keyOf(wire, this.callerToken());
    return this.process.call('cloud', key, (fault) => {
      const { background } = this.process.tracer;
      const refusal = background?.pattern.test(key) ? background.rule : undefined;
      const struck = fault && ruleOf(fault, wire.method);
      const rule = struck && refusal ? undone(struck, refusal) : (struck ?? refusal);
      if (!rule) return this.real.send(wire);
      return this.real.send({ ...wire, headers: { ...wire.headers, 'x-sandbox-fault': JSON.stringify(rule) } });
    });
  }

  async close(): Promise<void> {
    await this.real.close();
  }
}

/** The fault at a call that the cloud refuses anyhow: nothing is done, however the answer fares. */
function undone(fault: FaultRule, refusal: FaultRule): FaultRule {
  if (fault.kind === 'drop-after') return { kind: 'drop-before' };
  if (fault.kind === 'delay' || fault.kind === 'malformed') return refusal;
  return { ...fault, after: false };
}

const ID = /^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32})$/;

/** `POST network /ports worker-0-port`: ids left out, a name without the cluster's part of it. */
export function keyOf({ method, url, headers, body }: WireRequest, callerToken: string): string {
  const { pathname, searchParams } = new URL(url);
  const [service = '', ...rest] = pathname.split('/').filter((part) => part !== '');
  const path = rest
    .filter((part, index) => !(index === 0 && /^v\d/.test(part)))
    .map((part) => (ID.test(part) ? ':id' : part))
    .join('/');
  const query = [...new Set(searchParams.keys())].filter((name) => name !== 'limit').toSorted();
  const what = path.endsWith('auth/tokens') ? loginOf(body) : nameIn(body);
  const caller = headers['x-auth-token'] === callerToken && callerToken !== '' ? ' as the caller' : '';
  return `${method} ${service} /${path}${query.length > 0 ? `?${query.join('&')}` : ''}${what && ` ${what}`}${caller}`;
}

function loginOf(body: string | undefined): string {
  if (body === undefined) return '';
  return body.includes('OS-TRUST:trust') ? 'trust' : body.includes('"scope":{"domain"') ? 'domain' : 'service';
}

function nameIn(body: string | undefined): string {
  return /"name":"[^"]*-[0-9a-f]{12}-([^"]+)"/.exec(body ?? '')?.[1] ?? '';
}
