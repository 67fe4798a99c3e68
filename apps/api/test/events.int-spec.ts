import assert from 'node:assert/strict';
import { request, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import { EventStreams } from '../src/v1/events/event-streams.js';
import { ClusterWorld } from './cluster-world.js';
import { ApiHarness } from './harness.js';

interface Message {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: Record<string, unknown>;
}

describe('GET /v1/clusters/{cluster}/events as a stream', () => {
  let api: ApiHarness;
  let world: ClusterWorld;
  let uuid: string;
  before(async () => {
    api = await ApiHarness.start({ EVENT_STREAMS_PER_PROJECT: '2' });
    world = new ClusterWorld(api);
    await world.template('t');
    await api.app.listen(0, '127.0.0.1');
  });
  after(() => api.close());
  beforeEach(async () => {
    await world.empty();
    uuid = await world.cluster();
  });

  /** A client as EventSource is one. */
  async function follow(query = '', headers: Record<string, string> = {}): Promise<Client> {
    const { port } = api.app.getHttpServer().address() as AddressInfo;
    const token = 'demo';
    const call = request({
      host: '127.0.0.1',
      port,
      path: `/v1/clusters/${uuid}/events${query}`,
      agent: false,
      headers: { accept: 'text/event-stream', 'x-auth-token': token, ...headers },
    });
    call.on('error', () => undefined);
    call.end();
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      call.on('response', resolve);
      call.on('error', reject);
    });
    return new Client(answer, () => call.destroy());
  }
  const add = (message: string, type = 'test'): Promise<unknown> =>
    world.rows(`INSERT INTO events (cluster_uuid, project_id, type, message) VALUES ($1, 'p-demo', $2, $3)`, uuid, type, message);
  const streams = (): EventStreams => api.app.get(EventStreams);
  const until = async (what: () => boolean): Promise<void> => {
    while (!what()) await new Promise((resolve) => setTimeout(resolve, 10));
  };

  it('tells what was and what comes, goes on from Last-Event-ID, and ends when the cluster is gone', async () => {
    await add('a');
    const client = await follow();
    assert.equal(client.answer.statusCode, 200);
    assert.match(client.answer.headers['content-type'] ?? '', /^text\/event-stream/);
    assert.equal((await client.next()).data['message'], 'a');
    await add('b');
    const b = await client.next();
    assert.deepEqual([b.event, b.data['message'], b.data['id']], ['test', 'b', Number(b.id)]);
    client.leave();
    await until(() => streams().size === 0);
    await add('c');
    const again = await follow('', { 'last-event-id': String(b.id) });
    assert.equal((await again.next()).data['message'], 'c');
    await world.rows('DELETE FROM clusters WHERE uuid = $1', uuid);
    await add('the last', 'operation.complete');
    assert.equal((await again.next()).data['message'], 'the last');
    assert.deepEqual((await again.next()).event, 'end');
    await again.ended;
    assert.equal(streams().size, 0);
    const [row] = await world.rows('SELECT max(id) AS id FROM events');
    await world.rows(
      `INSERT INTO operations (uuid, cluster_uuid, project_id, user_id, request_id, kind, status)
       VALUES (gen_random_uuid(), $1, 'p-demo', 'u', 'r', 'delete', 'complete')`,
      uuid,
    );
    const late = await follow('', { 'last-event-id': String(row?.['id']) });
    assert.equal(late.answer.statusCode, 204, 'nothing to come back for');
  });

  it('tells the events of a transaction that was long under way, in its turn', async () => {
    const client = await follow();
    const runner = api.database.source.createQueryRunner();
    await runner.connect();
    await runner.startTransaction();
    await runner.query(`INSERT INTO events (cluster_uuid, project_id, type, message) VALUES ($1, 'p-demo', 'test', 'slow')`, [
      uuid,
    ]);
    await add('fast');
    await runner.commitTransaction();
    await runner.release();
    assert.deepEqual([(await client.next()).data['message'], (await client.next()).data['message']], ['slow', 'fast']);
    client.leave();
  });

  it('are bounded in number, filtered, and ask a slow client for nothing more than it takes', async () => {
    const [one, two] = [await follow('?type=big'), await follow()];
    const refused = await follow();
    assert.deepEqual([refused.answer.statusCode, refused.answer.headers['retry-after']], [429, '5']);
    refused.leave();
    two.leave();
    await until(() => streams().size === 1);
    one.answer.pause();
    await world.rows(
      `INSERT INTO events (cluster_uuid, project_id, type, message)
       SELECT $1, 'p-demo', CASE WHEN n % 2 = 0 THEN 'big' ELSE 'other' END, repeat('x', 4096) || n FROM generate_series(1, 8000) n`,
      uuid,
    );
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.ok(one.bytes < 8_000_000, 'most of it is still in the database');
    one.answer.resume();
    for (let n = 2; n <= 8000; n += 2) assert.equal(String((await one.next()).data['message']).slice(4096), String(n));
    one.leave();
    await until(() => streams().size === 0);
  });
});

class Client {
  bytes = 0;
  readonly ended: Promise<void>;
  readonly #messages: Message[] = [];
  #wake: () => void = () => undefined;
  #text = '';

  constructor(
    readonly answer: IncomingMessage,
    readonly leave: () => void,
  ) {
    this.ended = new Promise((resolve) => answer.once('end', resolve));
    answer.setEncoding('utf8');
    answer.on('error', () => undefined);
    answer.on('data', (chunk: string) => this.#take(chunk));
  }

  async next(): Promise<Message> {
    for (;;) {
      const message = this.#messages.shift();
      if (message) return message;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #take(chunk: string): void {
    this.bytes += chunk.length;
    const parts = (this.#text + chunk).split('\n\n');
    this.#text = parts.pop() ?? '';
    for (const part of parts) {
      const fields = new Map(
        part.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
      );
      const data = fields.get('data');
      if (data)
        this.#messages.push({ id: fields.get('id'), event: fields.get('event'), data: JSON.parse(data) as Message['data'] });
    }
    this.#wake();
  }
}
