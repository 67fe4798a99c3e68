import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DrivenClock } from '#libs/testing';
import { Cloud } from './cloud.js';
import type { CloudSession } from './session.js';
import type { WireAnswer, WireRequest } from './transport.js';

const HOUR = 3_600_000;

/** A cloud in memory: an identity service with tokens of one hour, and a network service that looks at them. */
class Rig {
  readonly clock = new DrivenClock();
  logins = 0;
  calls = 0;
  /** Which tokens a service refuses. */
  refuses: (token: string, url: string) => boolean = () => false;
  readonly cloud = new Cloud({
    authUrl: 'http://cloud/identity',
    clock: { now: () => this.clock.now(), sleep: (ms, signal) => this.clock.sleep(ms, signal), random: () => 0.5 },
    traffic: { callsPerSecond: 0 },
    wire: { send: (request) => this.answer(request), close: () => Promise.resolve() },
  });

  trust(id: string): CloudSession {
    return this.cloud.session({ kind: 'trust', userId: 'u', password: 'p', trustId: id });
  }

  private async answer(request: WireRequest): Promise<WireAnswer> {
    await this.clock.sleep(20);
    if (!request.url.endsWith('/auth/tokens')) return this.list(request.url, request.headers['x-auth-token'] ?? '');
    const token = {
      user: { id: 'u', name: 'u' },
      project: { id: 'p' },
      issued_at: new Date(this.clock.now()).toISOString(),
      expires_at: new Date(this.clock.now() + HOUR).toISOString(),
      catalog: ['network', 'compute'].map((type) => ({
        type,
        endpoints: [{ interface: 'public', region_id: 'one', url: `http://cloud/${type}` }],
      })),
    };
    return {
      status: 201,
      headers: { 'x-subject-token': `t${++this.logins}:${this.clock.now() + HOUR}` },
      body: JSON.stringify({ token }),
    };
  }

  private list(url: string, token: string): WireAnswer {
    this.calls++;
    const expired = this.clock.now() >= Number(token.split(':')[1]);
    const refused = expired || this.refuses(token, url);
    return { status: refused ? 401 : 200, headers: {}, body: refused ? '{}' : '{"networks":[],"servers":[]}' };
  }
}

const many = (count: number, call: () => Promise<unknown>): Promise<PromiseSettledResult<unknown>[]> =>
  Promise.allSettled(Array.from({ length: count }, call));
const failed = (results: PromiseSettledResult<unknown>[]): number => results.filter(({ status }) => status === 'rejected').length;

describe('logins', () => {
  it('are one for all who wait, now and at each expiry', async () => {
    const rig = new Rig();
    const session = rig.trust('t');
    const ask = (): Promise<unknown> => session.network.networks.list();
    assert.equal(failed(await rig.clock.until(many(1_000, ask))), 0);
    assert.equal(rig.logins, 1);
    for (let expiry = 1; expiry <= 2; expiry++) {
      rig.clock.skip(HOUR + 1_000);
      assert.equal(failed(await rig.clock.until(many(1_000, ask))), 0);
      assert.equal(rig.logins, 1 + expiry, 'one login per expiry');
    }
    assert.equal(rig.calls, 3_000);
  });

  it('are renewed before they expire, behind those who work', async () => {
    const rig = new Rig();
    const session = rig.trust('t');
    const ask = (): Promise<unknown> => session.network.networks.list();
    await rig.clock.until(ask());
    rig.clock.skip(0.85 * HOUR);
    const begun = rig.clock.now();
    await rig.clock.until(many(1_000, ask));
    assert.equal(rig.clock.now() - begun, 20, 'nobody waits for the new token');
    await rig.clock.until(rig.clock.sleep(100));
    assert.equal(rig.logins, 2);
  });

  it('are renewed once for a thousand calls whose token is revoked', async () => {
    const rig = new Rig();
    const session = rig.trust('t');
    const ask = (): Promise<unknown> => session.network.networks.list();
    await rig.clock.until(ask());
    rig.refuses = (token) => token.startsWith('t1:');
    assert.equal(failed(await rig.clock.until(many(1_000, ask))), 0);
    assert.equal(rig.logins, 2);
  });

  it('are not repeated for a service that refuses fresh tokens', async () => {
    const rig = new Rig();
    const session = rig.trust('t');
    const ask = (): Promise<unknown> => session.network.networks.list();
    rig.refuses = () => true;
    for (let round = 0; round < 5; round++) assert.equal(failed(await rig.clock.until(many(200, ask))), 200);
    assert.ok(rig.logins <= 3, `${rig.logins} logins for 1,000 calls that are all refused`);
    rig.clock.skip(10_000);
    rig.refuses = () => false;
    assert.equal(failed(await rig.clock.until(many(10, ask))), 0);
  });

  it('are renewed for a second service that refuses, whatever the first one has refused just now', async () => {
    const rig = new Rig();
    const session = rig.trust('t');
    rig.refuses = (token, url) => token.startsWith('t1:') || (token.startsWith('t2:') && url.includes('/network'));
    await rig.clock.until(session.compute.servers.list({}));
    await rig.clock.until(session.network.networks.list());
    assert.equal(rig.logins, 3);
  });

  it('are shared by what shares credentials, and by nothing else', async () => {
    const rig = new Rig();
    const service = (): CloudSession =>
      rig.cloud.session({ kind: 'password', username: 's', password: 'p', userDomainName: 'Default', projectName: 'service' });
    const clusters = Array.from({ length: 50 }, (_, index) => `trust-${index}`);
    await rig.clock.until(
      Promise.all(
        clusters.flatMap((trust) => [
          many(20, () => rig.trust(trust).network.networks.list()),
          many(20, () => service().network.networks.list()),
        ]),
      ),
    );
    assert.equal(rig.calls, 2_000);
    assert.equal(rig.logins, 51, 'one for each trust, one for the service');
    assert.equal(rig.cloud.logins.size, 51);
    rig.clock.skip(HOUR);
    assert.equal(rig.cloud.logins.size, 0);
  });
});
