import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { after, before, test } from 'node:test';
import { ethernet, ETHERTYPE, macOf, PROTOCOL, readArp, readIpv4, readTcp, writeArp, writeIpv4, writeTcp } from './packets.js';
import { TcpConnection } from './tcp-connection.js';
import { VirtualNetwork } from './virtual-network.js';

const MAC = 'fa:16:3e:00:00:07';
const IP = '10.0.0.7';
const GATEWAY = '10.0.0.1';

let server: Server;
let sources: string[] = [];
before(async () => {
  // Says what it has heard, once the other end has finished.
  server = createServer({ allowHalfOpen: true }, (socket) => {
    sources.push(socket.remoteAddress ?? '');
    const heard: Buffer[] = [];
    socket.on('data', (chunk) => heard.push(chunk));
    socket.on('end', () => socket.end(Buffer.concat(heard)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
after(() => server.close());

/** A machine with one program: our own TCP on the other side of the wire. */
class Machine {
  gateway = '';
  connection: TcpConnection | undefined;
  readonly port;
  constructor(readonly network: VirtualNetwork) {
    this.port = network.attach(MAC, IP, (frame) => setImmediate(() => this.receive(frame)));
  }

  receive(frame: Buffer): void {
    const arp = readArp(frame.subarray(14));
    if (frame.readUInt16BE(12) === ETHERTYPE.arp && arp) this.gateway = arp.senderMac;
    const packet = readIpv4(frame.subarray(14));
    const segment = packet && readTcp(packet.payload);
    if (segment) this.connection?.receive(segment);
  }

  async resolve(address: string): Promise<string> {
    const request = writeArp({
      operation: 'request',
      senderMac: MAC,
      senderIp: IP,
      targetMac: '00:00:00:00:00:00',
      targetIp: address,
    });
    this.port.receive(ethernet('ff:ff:ff:ff:ff:ff', MAC, ETHERTYPE.arp, request));
    await new Promise((resolve) => setTimeout(resolve, 20));
    return this.gateway;
  }

  connect(host: string, port: number): TcpConnection {
    const peer = {
      localPort: 40_001,
      remotePort: port,
      maximumSegment: 1410,
      send: (segment: Parameters<TcpConnection['peer']['send']>[0]) => {
        const packet = writeIpv4({
          source: IP,
          destination: host,
          protocol: PROTOCOL.tcp,
          payload: writeTcp(IP, host, segment),
        });
        setImmediate(() => this.port.receive(ethernet(this.gateway, MAC, ETHERTYPE.ipv4, packet)));
      },
      closed: () => undefined,
    };
    return (this.connection = new TcpConnection(peer));
  }
}

function networkTo(reachable: string): VirtualNetwork {
  return new VirtualNetwork(1450, {
    addresses: () => [GATEWAY],
    route: (_from, host) =>
      host === reachable
        ? { host: '127.0.0.1', port: (server.address() as AddressInfo).port, localAddress: '127.25.0.77' }
        : undefined,
  });
}

test('a machine reaches the world through its gateway, from the address that the cloud gives it', async () => {
  const network = networkTo('127.25.0.1');
  const machine = new Machine(network);
  assert.match(await machine.resolve(GATEWAY), /^02:00:5e:/);
  sources = [];
  const connection = machine.connect('127.25.0.1', 9512);
  const said = randomBytes(200_000);
  connection.end(said);
  const chunks: Buffer[] = [];
  connection.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(connection, 'end');
  assert.ok(Buffer.concat(chunks).equals(said), 'what was said last arrives, too');
  assert.deepEqual(sources, ['127.25.0.77']);
  network.close();
});

test('what it may not reach is refused', async () => {
  const network = networkTo('127.25.0.1');
  const machine = new Machine(network);
  await machine.resolve(GATEWAY);
  const connection = machine.connect('127.0.0.1', 5432);
  const [error] = (await once(connection, 'error')) as [NodeJS.ErrnoException];
  assert.equal(error.code, 'ECONNRESET');
  network.close();
});

test('two machines of a network see each other, and the gateway nothing of it', () => {
  const network = networkTo('');
  const seen: string[] = [];
  const first = network.attach('fa:16:3e:00:00:01', '10.0.0.11', (frame) => seen.push(`first ${macOf(frame, 6)}`));
  network.attach('fa:16:3e:00:00:02', '10.0.0.12', (frame) => seen.push(`second ${macOf(frame, 6)}`));
  first.receive(ethernet('fa:16:3e:00:00:02', 'fa:16:3e:00:00:01', 0x86dd, Buffer.alloc(40)));
  assert.deepEqual(seen, ['second fa:16:3e:00:00:01']);
  network.close();
});
