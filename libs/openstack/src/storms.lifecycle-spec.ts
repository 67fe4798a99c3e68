import { startSandbox, type FaultRule, type Sandbox } from '#libs/sandbox';
import assert from 'node:assert/strict';
import { after, afterEach, before, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CallRecord } from './caller.js';
import { Cloud } from './cloud.js';
import { isRetryable } from './errors.js';
import type { CloudSession } from './session.js';

/** Storms on a cloud over the wire: what a process sends while a service refuses everything, and when it is back. */
let sandbox: Sandbox;
let cloud: Cloud;
let sessions: CloudSession[];
let sent: { at: number; status: number | null }[] = [];

const BUSY = 40;
const PAUSE_MS = 100;

before(async () => {
  sandbox = await startSandbox({ latencies: 'zero', guests: false });
  cloud = new Cloud({
    authUrl: sandbox.authUrl,
    region: 'sandbox',
    traffic: { callsPerSecond: 200, breakerFailures: 10, breakerLongestMs: 2_000 },
    onCall: ({ service, status }: CallRecord) => {
      if (service === 'network') sent.push({ at: Date.now(), status });
    },
  });
  const people = [sandbox.clouds.demo, sandbox.clouds.admin, sandbox.clouds.other];
  sessions = people.map(({ auth: { username = '', password = '', project_name } }) =>
    cloud.session({ kind: 'password', username, password, userDomainName: 'Default', projectName: project_name }),
  );
  for (const session of sessions) await session.whoAmI();
});
after(async () => {
  await cloud.close();
  await sandbox.close();
});
afterEach(() => faults('DELETE'));

async function faults(method: string, rule?: FaultRule): Promise<void> {
  const answer = await fetch(`${sandbox.adminUrl}/faults`, {
    method,
    ...(rule ? { body: JSON.stringify(rule), headers: { 'content-type': 'application/json' } } : {}),
  });
  assert.ok(answer.ok, `${method} faults: ${answer.status}`);
}

/** Many who ask again and again, whatever happens. @returns when each was first served after `from()` */
async function insist(signal: AbortSignal, from: () => number): Promise<number[]> {
  return Promise.all(
    Array.from({ length: BUSY }, async (_, index) => {
      const session = sessions[index % sessions.length] as CloudSession;
      for (;;) {
        try {
          await session.network.networks.list({ name: 'nothing' });
          if (Date.now() >= from()) return Date.now();
        } catch (error) {
          assert.ok(isRetryable(error), String(error));
        }
        signal.throwIfAborted();
        await sleep(PAUSE_MS);
      }
    }),
  );
}

const perSecond = (from: number, to: number): number =>
  (sent.filter(({ at }) => at >= from && at < to).length * 1000) / (to - from);

async function storm(rule: Partial<FaultRule>, ms: number): Promise<{ begun: number; over: number; served: number[] }> {
  sent = [];
  await faults('POST', { service: 'network', kind: 'status', count: 0, ...rule });
  const begun = Date.now();
  let over = Number.POSITIVE_INFINITY;
  const work = insist(AbortSignal.timeout(60_000), () => over);
  await sleep(ms);
  await faults('DELETE');
  over = Date.now();
  return { begun, over, served: await work };
}

it('asks a service that answers 503 a few times only, and comes back slowly when it is over', { timeout: 90_000 }, async () => {
  const { begun, over, served } = await storm({ status: 503 }, 8_000);
  const during = sent.filter(({ at, status }) => at < over && status === 503).length;
  assert.ok(during <= BUSY + 15, `${during} calls in ${over - begun} ms of 503`);
  assert.ok(perSecond(begun + 3_000, over) <= 2, `${perSecond(begun + 3_000, over)} calls a second once it is known`);
  const first = Math.min(...served);
  assert.ok(first - over <= 4_000, `noticed after ${first - over} ms`);
  const busiest = sent.filter(({ at }) => at >= first - 50 && at < first + 950).length;
  assert.ok(busiest <= BUSY, `${busiest} calls in the first second of ${BUSY} who waited`);
  assert.ok(Math.max(...served) - over <= 15_000, `all are served ${Math.max(...served) - over} ms after the end`);
});

it('asks a service that answers 429 less and less, and as much as before when it stops', { timeout: 90_000 }, async () => {
  const { begun, over, served } = await storm({ status: 429 }, 12_000);
  const early = perSecond(begun, begun + 1_000);
  const late = perSecond(over - 3_000, over);
  assert.ok(late <= 8 && late < early / 4, `${late} calls a second at the end of the storm, ${early} at its beginning`);
  assert.ok(Math.max(...served) - over <= 20_000, `all are served ${Math.max(...served) - over} ms after the end`);
});

it('asks nothing before the time that a service has named', { timeout: 60_000 }, async () => {
  const { begun, over } = await storm({ status: 429, retry_after: 3 }, 2_500);
  const soon = sent.filter(({ at, status }) => at < over && status === 429);
  assert.ok(soon.length <= BUSY, `${soon.length} calls before Retry-After: those that were under way`);
  assert.ok(
    soon.every(({ at }) => at - begun < 1_500),
    'and none of them after the first answer',
  );
});
