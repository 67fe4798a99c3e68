import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DrivenClock } from '#libs/testing';
import { isRetryable, isSideEffectUnknown, OpenStackError } from '../errors.js';
import { ServiceGate, type GateLimits, type Outcome } from './service-gate.js';

const LIMITS: GateLimits = {
  callsPerSecond: 100,
  breaker: { failures: 5, longestMs: 15_000 },
  longestHoldMs: 5_000,
};
const DOWN: Outcome = { kind: 'failed', certain: true };
const SERVED: Outcome = { kind: 'served' };

/** A gate, and a service behind it that answers at once in the way a test wants. */
class Rig {
  readonly clock = new DrivenClock();
  readonly gate: ServiceGate;
  /** When calls went, and whose they were. */
  readonly went: { at: number; lane: string }[] = [];
  answer: (lane: string) => Outcome = () => SERVED;

  constructor(limits: Partial<GateLimits> = {}) {
    this.gate = new ServiceGate('compute', { ...LIMITS, ...limits }, { ...clockOf(this.clock) });
  }

  async call(lane = 'a', template = '/servers', signal?: AbortSignal): Promise<void> {
    const pass = await this.gate.enter({ method: 'GET', template, lane, signal });
    this.went.push({ at: this.clock.now(), lane });
    await Promise.resolve();
    pass.leave(this.answer(lane));
  }

  /** Calls again and again, with the pauses of the engine: whatever happens, until `untilMs`. */
  async insist(lane: string, untilMs: number, pauseMs = 500): Promise<void> {
    while (this.clock.now() < untilMs) {
      await this.call(lane).catch(() => undefined);
      await this.clock.sleep(pauseMs);
    }
  }

  /** The most calls in any second. */
  busiestSecond(from = 0): number {
    const times = this.went.map(({ at }) => at).filter((at) => at >= from);
    let [most, first] = [0, 0];
    times.forEach((at, index) => {
      while ((times[first] ?? at) <= at - 1000) first++;
      most = Math.max(most, index - first + 1);
    });
    return most;
  }
}

const clockOf = (clock: DrivenClock) => ({
  now: () => clock.now(),
  sleep: (ms: number, signal?: AbortSignal) => clock.sleep(ms, signal),
  random: () => 0.5,
});

const SECOND = 1_000;
const lanes = (count: number): string[] => Array.from({ length: count }, (_, index) => `lane-${index}`);

describe('the rate budget of a service', () => {
  it('lets a burst go at once and the rest at its rate', async () => {
    const rig = new Rig();
    const begun = rig.clock.now();
    await rig.clock.until(Promise.all(Array.from({ length: 1_000 }, () => rig.call())));
    assert.equal(rig.went.filter(({ at }) => at === begun).length, 200);
    const took = rig.clock.now() - begun;
    assert.ok(took >= 7_900 && took <= 8_200, `${took} ms for 1,000 calls at 100 a second`);
  });

  it('is none where none is wanted', async () => {
    const rig = new Rig({ callsPerSecond: 0 });
    const begun = rig.clock.now();
    await rig.clock.until(Promise.all(Array.from({ length: 5_000 }, () => rig.call())));
    assert.equal(rig.clock.now(), begun);
    assert.equal(rig.gate.state().callsPerSecond, Number.POSITIVE_INFINITY);
  });

  it('takes turns: what one cluster piles up delays that cluster', async () => {
    const rig = new Rig();
    const pile = Promise.all(Array.from({ length: 2_000 }, () => rig.call('big')));
    const removal = rig.call('small').then(() => rig.clock.now());
    const begun = rig.clock.now();
    const served = await rig.clock.until(removal);
    assert.ok(served - begun <= 20, `a single removal waited ${served - begun} ms behind 2,000 calls`);
    await rig.clock.until(pile);
  });

  it('goes on when one who waits is told to stop', async () => {
    const rig = new Rig();
    const stop = new AbortController();
    const work = Promise.all(Array.from({ length: 200 }, () => rig.call()));
    const told = assert.rejects(rig.call('a', '/servers', stop.signal), /enough/);
    const behind = rig.call('a');
    stop.abort(new Error('enough'));
    await rig.clock.until(Promise.all([work, told, behind]));
    assert.equal(rig.went.length, 201);
    assert.equal(rig.gate.state().waiting, 0);
  });

  it('tells those whose turn does not come', async () => {
    const rig = new Rig({ longestWaitMs: 1_000 });
    const results = await rig.clock.until(Promise.allSettled(Array.from({ length: 500 }, () => rig.call())));
    const late = results.filter((result) => result.status === 'rejected');
    assert.ok(late.length >= 199 && late.length <= 201, `${late.length} of 500 were told after a second`);
    assert.ok(late.every(({ reason }) => isRetryable(reason) && (reason as OpenStackError).code === 'cloud-rate-limited'));
  });
});

describe('a service that says 429', () => {
  it('is asked less and less while it goes on, and as much as before when it stops', async () => {
    const rig = new Rig();
    const begun = rig.clock.now();
    rig.answer = () => (rig.clock.now() - begun < 60 * SECOND ? { kind: 'throttled' } : SERVED);
    const busy = lanes(50).map((lane) => rig.insist(lane, begun + 140 * SECOND));
    await rig.clock.until(Promise.all(busy));
    const perSecond = (from: number, to: number): number =>
      rig.went.filter(({ at }) => at >= begun + from * SECOND && at < begun + to * SECOND).length / (to - from);
    assert.ok(perSecond(30, 60) <= 3, `${perSecond(30, 60)} calls a second while it refuses everything`);
    assert.ok(perSecond(110, 140) >= 80, `${perSecond(110, 140)} calls a second 50 s after`);
  });

  it('to one project is that project’s affair', async () => {
    const rig = new Rig();
    const begun = rig.clock.now();
    rig.answer = (lane) => (lane === 'limited' ? { kind: 'throttled', retryAfterMs: 2_000 } : SERVED);
    const others = lanes(20).map((lane) => rig.insist(lane, begun + 60 * SECOND));
    await rig.clock.until(Promise.all([...lanes(10).map(() => rig.insist('limited', begun + 60 * SECOND)), ...others]));
    const of = (wanted: (lane: string) => boolean): number => rig.went.filter(({ lane }) => wanted(lane)).length;
    assert.ok(
      of((lane) => lane === 'limited') <= 120,
      `${of((lane) => lane === 'limited')} calls of the limited one in a minute`,
    );
    assert.ok(of((lane) => lane !== 'limited') >= 2_300, 'the others go on at their own pace');
    assert.equal(rig.gate.state().slowedLanes, 1);
  });

  it('with a long Retry-After gets none of the project’s calls before: they are told when', async () => {
    const rig = new Rig();
    rig.answer = () => ({ kind: 'throttled', retryAfterMs: 30_000 });
    await rig.call();
    await assert.rejects(rig.call(), { code: 'cloud-rate-limited', retryAfterMs: 30_000, retryable: true });
    await rig.call('other');
    rig.clock.skip(26_000);
    await rig.clock.until(rig.call());
    assert.deepEqual(
      rig.went.map(({ lane }) => lane),
      ['a', 'other', 'a'],
    );
  });
});

describe('a service that is down', () => {
  it('is left alone but for single tries, and the first who ask again are few', async () => {
    const rig = new Rig();
    const begun = rig.clock.now();
    const outageMs = 120 * SECOND;
    rig.answer = () => (rig.clock.now() - begun < outageMs ? DOWN : SERVED);
    await rig.clock.until(Promise.all(lanes(100).map((lane) => rig.insist(lane, begun + 160 * SECOND))));
    const during = rig.went.filter(({ at }) => at - begun < outageMs);
    assert.ok(during.length <= 105 + 20, `${during.length} calls in two minutes of outage, 100 of them at once when it began`);
    const late = during.filter(({ at }) => at - begun >= 60 * SECOND).length;
    assert.ok(late <= 60 / 15 + 1, `${late} tries in the last minute`);
    const [first] = rig.went.filter(({ at }) => at - begun >= outageMs);
    assert.ok(first && first.at - begun - outageMs <= 15 * SECOND, 'somebody notices within 15 s');
    assert.ok(
      rig.busiestSecond(begun + outageMs) <= 150,
      `${rig.busiestSecond(begun + outageMs)} calls in the busiest second after it`,
    );
    const soon = rig.went.filter(({ at }) => at >= first.at && at < first.at + SECOND).length;
    assert.ok(soon <= 25, `${soon} calls in the first second after it`);
    const served = new Set(rig.went.filter(({ at }) => at >= first.at && at < first.at + 20 * SECOND).map(({ lane }) => lane));
    assert.equal(served.size, 100, 'every cluster is served within 20 s');
  });

  it('is told to who asks: which one and until when, retryable, and that nothing was done', async () => {
    const rig = new Rig({ longestHoldMs: 0 });
    rig.answer = () => DOWN;
    for (let count = 0; count < 5; count++) await rig.call();
    const error = await rig.call().then(
      () => assert.fail('it went'),
      (reason: unknown) => reason as OpenStackError,
    );
    const until = new Date(rig.clock.now() + 1_000).toISOString();
    assert.equal(error.message, `compute: the service has failed again and again and is left alone until ${until}`);
    assert.deepEqual(
      [error.code, error.retryAfterMs, isRetryable(error), isSideEffectUnknown(error)],
      ['cloud-held-back', 1_000, true, false],
    );
    assert.equal(rig.gate.state().breaker, 'open');
  });

  it('makes a call wait that need not wait long', async () => {
    const rig = new Rig();
    rig.answer = () => DOWN;
    for (let count = 0; count < 5; count++) await rig.call();
    rig.answer = () => SERVED;
    const begun = rig.clock.now();
    await rig.clock.until(rig.call());
    assert.equal(rig.clock.now() - begun, 1_000);
    assert.equal(rig.gate.state().breaker, 'closed');
  });

  it('is not meant by one call that always fails with 500, but by several', async () => {
    const rig = new Rig();
    rig.answer = () => ({ kind: 'failed', certain: false });
    for (let count = 0; count < 50; count++) await rig.call('a', '/servers/{id}');
    assert.equal(rig.gate.state().breaker, 'closed');
    for (let count = 0; count < 4; count++) await rig.call('a', `/other-${count}`);
    assert.equal(rig.gate.state().breaker, 'open');
  });

  it('is not meant by single failures among answers', async () => {
    const rig = new Rig();
    for (let count = 0; count < 100; count++) {
      rig.answer = () => (count % 4 === 0 ? SERVED : DOWN);
      await rig.call();
    }
    assert.equal(rig.gate.state().breaker, 'closed');
  });

  it('is tried by the next one when the one that tries gives up', async () => {
    const rig = new Rig();
    rig.answer = () => DOWN;
    for (let count = 0; count < 5; count++) await rig.call();
    rig.answer = () => ({ kind: 'forgone' });
    const first = rig.call('a');
    await rig.clock.until(first);
    rig.answer = () => SERVED;
    await rig.clock.until(rig.call('b'));
    assert.equal(rig.gate.state().breaker, 'closed');
  });

  it('is left alone for as long as it asks, at most for the longest time', async () => {
    const rig = new Rig({ longestHoldMs: 0 });
    rig.answer = () => ({ kind: 'failed', certain: true, retryAfterMs: 600_000 });
    for (let count = 0; count < 5; count++) await rig.call();
    await assert.rejects(rig.call(), { code: 'cloud-held-back', retryAfterMs: 15_000 });
  });

  it('is never left alone where the breaker is off', async () => {
    const rig = new Rig({ breaker: { failures: 0, longestMs: 15_000 } });
    rig.answer = () => DOWN;
    for (let count = 0; count < 100; count++) await rig.call();
    assert.equal(rig.went.length, 100);
  });
});
