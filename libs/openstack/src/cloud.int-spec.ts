import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import { Cloud } from './cloud.js';
import { isNotFound, isQuota, isRetryable, isSideEffectUnknown, OpenStackError } from './errors.js';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A cloud of one service: what it answers is told by each test, call by call; the last answer stays. */
describe('the client on the wire', () => {
  const asked: string[] = [];
  const slept: number[] = [];
  let answers: Answer[] = [];
  let logins = 0;
  let url: string;
  let cloud: Cloud;

  const server = createServer((request, response) => {
    if (request.url?.endsWith('/auth/tokens')) return void login(response);
    asked.push(`${request.method} ${request.url} ${String(request.headers['x-auth-token'])}`);
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    request.resume().on('end', () => answer?.(request, response));
  });
  const say =
    (status: number, body: unknown = {}, headers: Record<string, string> = {}): Answer =>
    (_request, response) =>
      response.writeHead(status, headers).end(JSON.stringify(body));
  const hangUp: Answer = (request) => request.socket.destroy();
  const network = { id: 'n', name: 'net' };

  function login(response: ServerResponse): void {
    logins++;
    const endpoints = [{ interface: 'public', region_id: 'one', url: `${url}/network` }];
    const token = {
      user: { id: 'u', name: 'demo' },
      project: { id: 'p' },
      expires_at: new Date(Date.now() + 3_600_000).toISOString(),
      catalog: [{ type: 'network', endpoints }],
    };
    response.writeHead(201, { 'x-subject-token': `token-${logins}` }).end(JSON.stringify({ token }));
  }

  const open = (region = 'one'): Cloud =>
    new Cloud({
      authUrl: url,
      region,
      clock: { now: () => Date.now(), sleep: async (ms) => void slept.push(ms), random: () => 0 },
    });
  const session = (of = cloud) =>
    of.session({ kind: 'password', username: 'demo', password: 'hunter2', userDomainName: 'Default', projectName: 'demo' });
  const failure = async (work: Promise<unknown>): Promise<OpenStackError> => {
    const error = await work.then(
      () => assert.fail('it went well'),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof OpenStackError, String(error));
    return error;
  };

  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  beforeEach(async () => {
    await cloud?.close();
    cloud = open();
    logins = 0;
    asked.length = slept.length = 0;
  });
  after(async () => {
    await cloud.close();
    await new Promise((resolve) => server.close(resolve));
  });

  it('logs in once for all who ask at the same time with the same credentials', async () => {
    answers = [say(200, { networks: [network] })];
    await Promise.all(Array.from({ length: 5 }, () => session().network.networks.list()));
    assert.equal(logins, 1);
    assert.equal(asked.length, 5);
  });

  it('logs in again once when its token is refused, and then tells the refusal', async () => {
    answers = [say(401), say(200, { network })];
    assert.equal((await session().network.networks.get('n')).name, 'net');
    assert.deepEqual(asked, ['GET /network/v2.0/networks/n token-1', 'GET /network/v2.0/networks/n token-2']);
    answers = [say(401, { error: { message: 'go away' } })];
    assert.equal((await failure(session().network.networks.get('n'))).httpStatus, 401);
    assert.equal(logins, 3);
  });

  it('asks again for what only reads, as late as the cloud wishes', async () => {
    answers = [say(503, {}, { 'retry-after': '7' }), say(429), hangUp, say(200, { network })];
    assert.equal((await session().network.networks.get('n')).id, 'n');
    assert.equal(slept.length, 3);
    assert.equal(slept[0], 7_000);
    assert.ok((slept[1] ?? 0) < (slept[2] ?? 0));
  });

  it('stops asking after a few times', async () => {
    answers = [say(502)];
    const error = await failure(session().network.networks.get('n'));
    assert.equal(asked.length, 4);
    assert.ok(isRetryable(error));
  });

  it('repeats a create only when it is certain that nothing was made', async () => {
    const create = (): Promise<unknown> => session().network.networks.create({ name: 'net' });
    answers = [say(429), say(503, {}, { 'retry-after': '1' }), say(201, { network })];
    await create();
    assert.equal(asked.length, 3);
    for (const unsure of [say(500), say(503), hangUp, say(201, 'no JSON of ours')]) {
      asked.length = 0;
      answers = [unsure];
      const error = await failure(create());
      assert.equal(asked.length, 1);
      assert.ok(isSideEffectUnknown(error), error.message);
    }
  });

  it('tells service, status, request id and the cloud’s own words, and no secret', async () => {
    const words = {
      NeutronError: { type: 'OverQuota', message: 'Quota exceeded. token gAAAAABmZzzzzzzzzzzzzzzzzzzzzzzzzz', detail: '' },
    };
    answers = [say(409, words, { 'x-openstack-request-id': 'req-1' })];
    const error = await failure(session().network.ports.create({}));
    assert.deepEqual([error.service, error.httpStatus, error.requestId, error.path], ['network', 409, 'req-1', '/ports']);
    assert.match(error.message, /^network: Quota exceeded/);
    assert.ok(isQuota(error));
    assert.ok(!/gAAAA|hunter2|token-1/.test(JSON.stringify(error) + error.message));
  });

  it('takes what is gone for removed', async () => {
    answers = [say(404)];
    await session().network.networks.delete('n');
    assert.ok(isNotFound(await failure(session().network.networks.get('n'))));
  });

  it('reads every page of a list', async () => {
    const page = (id: string, more: boolean): Answer =>
      say(200, { networks: [{ ...network, id }], ...(more ? { networks_links: [{ rel: 'next', href: 'x' }] } : {}) });
    answers = [page('a', true), page('b', true), page('c', false)];
    assert.deepEqual(
      (await session().network.networks.list({ limit: 1 })).map(({ id }) => id),
      ['a', 'b', 'c'],
    );
    assert.match(asked[2] ?? '', /marker=b/);
  });

  it('says which service the catalogue lacks in a region', async () => {
    const elsewhere = open('two');
    const error = await failure(session(elsewhere).network.networks.list());
    await elsewhere.close();
    assert.match(error.message, /^network: .*no public endpoint.* in region two$/);
    assert.ok(!isRetryable(error));
  });

  it('ends its pauses with the signal', async () => {
    answers = [say(503)];
    const controller = new AbortController();
    controller.abort(new Error('enough'));
    await assert.rejects(session().withSignal(controller.signal).network.networks.get('n'), /enough/);
  });
});
