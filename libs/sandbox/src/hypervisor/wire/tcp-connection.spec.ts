import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { test } from 'node:test';
import { checksum, FLAG, readIpv4, readTcp, writeIpv4, writeTcp, type TcpSegment } from './packets.js';
import { TcpConnection } from './tcp-connection.js';

const ends = ['10.0.0.1', '10.0.0.2'] as const;

/** Two ends with a wire between them that loses what `loses` says. */
function pair(loses: (number: number) => boolean = () => false): { asking: TcpConnection; other: Promise<TcpConnection> } {
  let count = 0;
  const carry = (segment: TcpSegment, to: () => TcpConnection | undefined): void => {
    count += 1;
    if (loses(count)) return;
    // As it is on the wire, so that writing and reading are tested with it.
    const packet = writeIpv4({
      source: ends[0],
      destination: ends[1],
      protocol: 6,
      payload: writeTcp(ends[0], ends[1], segment),
    });
    const read = readTcp(readIpv4(packet)?.payload ?? Buffer.alloc(0));
    setImmediate(() => {
      if (!read) throw new Error('unreadable');
      const end = to();
      if (end) end.receive(read);
      else if (read.flags & FLAG.syn) accepted = answer(read);
    });
  };
  let accepted: TcpConnection | undefined;
  const asking = new TcpConnection({
    localPort: 40_000,
    remotePort: 80,
    maximumSegment: 1460,
    send: (segment) => carry(segment, () => accepted),
    closed: () => undefined,
  });
  const answer = (syn: TcpSegment): TcpConnection => {
    const end = new TcpConnection(
      {
        localPort: 80,
        remotePort: 40_000,
        maximumSegment: 1200,
        send: (segment) => carry(segment, () => asking),
        closed: () => undefined,
      },
      syn,
    );
    end.accept();
    resolve(end);
    return end;
  };
  let resolve: (end: TcpConnection) => void = () => undefined;
  const other = new Promise<TcpConnection>((done) => (resolve = done));
  return { asking, other };
}

/** Everything until the end. The stream stays open for what it has to say itself. */
async function buffer(end: TcpConnection): Promise<Buffer> {
  const chunks: Buffer[] = [];
  end.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(end, 'end');
  return Buffer.concat(chunks);
}

const digest = (data: Buffer): string => createHash('sha256').update(data).digest('hex');

test('carries both ways, and ends in order', async () => {
  const { asking, other } = pair();
  await once(asking, 'connect');
  const answering = await other;
  const [up, down] = [randomBytes(700_001), randomBytes(300_003)];
  asking.end(up);
  answering.end(down);
  const [gotUp, gotDown] = await Promise.all([buffer(answering), buffer(asking)]);
  assert.equal(digest(gotUp), digest(up));
  assert.equal(digest(gotDown), digest(down));
  await Promise.all([asking, answering].map(async (end) => end.closed || once(end, 'close')));
});

test('sends again what was lost', async () => {
  const { asking, other } = pair((number) => number % 7 === 3);
  const answering = await other;
  const up = randomBytes(25_000);
  asking.end(up);
  answering.end();
  const [got] = await Promise.all([buffer(answering), buffer(asking)]);
  assert.equal(digest(got), digest(up));
});

test('a reader that does not read stops the writer, and nothing is lost', async () => {
  const { asking, other } = pair();
  const answering = await other;
  const up = randomBytes(400_000);
  asking.end(up);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.ok(asking.writableLength > 0, 'the writer waits');
  answering.end();
  const [got] = await Promise.all([buffer(answering), buffer(asking)]);
  assert.equal(digest(got), digest(up));
});

test('an end that breaks breaks the other one', async () => {
  const { asking, other } = pair();
  const answering = await other;
  await once(asking, 'connect').catch(() => undefined);
  const failed = once(answering, 'error');
  asking.destroy();
  const [error] = (await failed) as [NodeJS.ErrnoException];
  assert.equal(error.code, 'ECONNRESET');
});

test('a checksum over itself is nothing', () => {
  const packet = writeIpv4({ source: ends[0], destination: ends[1], protocol: 17, payload: Buffer.alloc(3) });
  assert.equal(checksum([packet.subarray(0, 20)]), 0);
});
