import { randomBytes } from 'node:crypto';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import {
  BROADCAST,
  echoReply,
  ethernet,
  ETHERTYPE,
  FLAG,
  macOf,
  PROTOCOL,
  readArp,
  readIpv4,
  readTcp,
  readUdp,
  writeArp,
  writeIpv4,
  writeTcp,
  writeUdp,
  type Ipv4,
  type TcpSegment,
} from './packets.js';
import { TcpConnection } from './tcp-connection.js';
import { timeAnswer } from './time-answer.js';

export interface Destination {
  readonly host: string;
  readonly port: number;
  /** Source address on this machine. */
  readonly localAddress?: string | undefined;
}

/** What a network asks of the cloud around it. */
export interface NetworkSurroundings {
  /** Addresses at which the gateway answers: the router's, and those of load balancers. Ours is the first. */
  addresses(): readonly string[];
  /** Where a machine's traffic to an address outside of the network goes; undefined: it is refused. */
  route(from: string, host: string, port: number, protocol: 'tcp' | 'udp'): Destination | undefined;
}

const UDP_IDLE_MS = 60_000;
const CONNECT_MS = 15_000;

/** The wire of one machine's network card. */
export interface VirtualPort {
  /** A frame from the machine. */
  receive(frame: Buffer): void;
  detach(): void;
}

/**
 * A private network in user space: a switch between machines, and a gateway that ends their connections and opens real ones
 * in their place (so that nobody needs to be root, and no interface of this machine is touched).
 */
export class VirtualNetwork {
  readonly #mac = `02:00:5e:${macOf(Buffer.concat([randomBytes(3), Buffer.alloc(3)]), 0).slice(0, 8)}`;
  readonly #ports = new Set<(frame: Buffer) => void>();
  readonly #places = new Map<string, (frame: Buffer) => void>();
  readonly #neighbours = new Map<string, string>();
  readonly #connections = new Map<string, TcpConnection>();
  readonly #flows = new Map<string, UdpSocket>();
  #nextPort = 49_152 + Math.floor(Math.random() * 8_000);

  constructor(
    readonly mtu: number,
    readonly surroundings: NetworkSurroundings,
  ) {}

  attach(mac: string, ip: string, send: (frame: Buffer) => void): VirtualPort {
    this.#ports.add(send);
    this.#places.set(mac, send);
    this.#neighbours.set(ip, mac);
    return {
      receive: (frame) => this.#switch(frame, send),
      detach: () => {
        this.#ports.delete(send);
        for (const [known, place] of this.#places) if (place === send) this.#places.delete(known);
        if (this.#neighbours.get(ip) === mac) this.#neighbours.delete(ip);
        for (const [key, connection] of this.#connections) if (key.startsWith(`${ip}:`)) connection.destroy();
      },
    };
  }

  /** Opens a connection to a program in a machine, from the gateway's address. */
  connect(ip: string, port: number): TcpConnection {
    for (let tries = 0; tries < 16_000; tries += 1) {
      this.#nextPort = this.#nextPort >= 65_535 ? 49_152 : this.#nextPort + 1;
      if (!this.#connections.has(this.#key(ip, port, this.#own(), this.#nextPort))) break;
    }
    return this.#connection(ip, port, this.#own(), this.#nextPort);
  }

  close(): void {
    for (const connection of this.#connections.values()) connection.destroy();
    for (const flow of this.#flows.values()) flow.close();
    this.#flows.clear();
    this.#ports.clear();
  }

  #own(): string {
    return this.surroundings.addresses()[0] ?? '0.0.0.0';
  }

  #switch(frame: Buffer, from: (frame: Buffer) => void): void {
    if (frame.length < 14) return;
    const destination = macOf(frame, 0);
    const source = macOf(frame, 6);
    this.#places.set(source, from);
    if (destination === this.#mac) return this.#enter(source, frame);
    // Multicast and broadcast are for all; so is what nobody has been heard of.
    const place = (frame.readUInt8(0) & 1) === 1 ? undefined : this.#places.get(destination);
    if (place) {
      if (place !== from) place(frame);
      return;
    }
    for (const port of this.#ports) if (port !== from) port(frame);
    if (destination === BROADCAST) this.#enter(source, frame);
  }

  #enter(source: string, frame: Buffer): void {
    const type = frame.readUInt16BE(12);
    const payload = frame.subarray(14);
    if (type === ETHERTYPE.arp) return this.#answerArp(payload);
    const packet = type === ETHERTYPE.ipv4 ? readIpv4(payload) : undefined;
    if (!packet || packet.source === '0.0.0.0') return;
    this.#neighbours.set(packet.source, source);
    if (packet.protocol === PROTOCOL.tcp) this.#takeTcp(packet);
    else if (packet.protocol === PROTOCOL.udp) this.#takeUdp(packet);
    else if (packet.protocol === PROTOCOL.icmp && this.surroundings.addresses().includes(packet.destination)) {
      const reply = echoReply(packet.payload);
      if (reply) this.#send(packet.destination, packet.source, PROTOCOL.icmp, reply);
    }
  }

  #answerArp(payload: Buffer): void {
    const arp = readArp(payload);
    if (arp?.operation !== 'request' || !this.surroundings.addresses().includes(arp.targetIp)) return;
    const answer = writeArp({
      operation: 'reply',
      senderMac: this.#mac,
      senderIp: arp.targetIp,
      targetMac: arp.senderMac,
      targetIp: arp.senderIp,
    });
    this.#places.get(arp.senderMac)?.(ethernet(arp.senderMac, this.#mac, ETHERTYPE.arp, answer));
  }

  #send(source: string, destination: string, protocol: number, payload: Buffer): void {
    const mac = this.#neighbours.get(destination);
    const place = mac === undefined ? undefined : this.#places.get(mac);
    if (mac === undefined || !place) return;
    place(ethernet(mac, this.#mac, ETHERTYPE.ipv4, writeIpv4({ source, destination, protocol, payload })));
  }

  #key(ip: string, port: number, own: string, ownPort: number): string {
    return `${ip}:${port}-${own}:${ownPort}`;
  }

  #connection(ip: string, port: number, own: string, ownPort: number, syn?: TcpSegment): TcpConnection {
    const key = this.#key(ip, port, own, ownPort);
    const connection = new TcpConnection(
      {
        localPort: ownPort,
        remotePort: port,
        maximumSegment: this.mtu - 40,
        send: (segment) => this.#send(own, ip, PROTOCOL.tcp, writeTcp(own, ip, segment)),
        closed: () => void (this.#connections.get(key) === connection && this.#connections.delete(key)),
      },
      syn,
    );
    this.#connections.set(key, connection);
    return connection;
  }

  #takeTcp({ source, destination, payload }: Ipv4): void {
    const segment = readTcp(payload);
    if (!segment) return;
    const known = this.#connections.get(this.#key(source, segment.sourcePort, destination, segment.destinationPort));
    if (known) return known.receive(segment);
    if (segment.flags & FLAG.rst) return;
    if ((segment.flags & (FLAG.syn | FLAG.ack)) !== FLAG.syn) return this.#reset(source, destination, segment);
    const inner = this.#connection(source, segment.sourcePort, destination, segment.destinationPort, segment);
    inner.on('error', () => undefined);
    const target = this.surroundings.route(source, destination, segment.destinationPort, 'tcp');
    if (!target) return void inner.destroy();
    const outer = connect({ ...target, allowHalfOpen: true, noDelay: true });
    let joined = false;
    const timer = setTimeout(() => outer.destroy(), CONNECT_MS);
    outer.once('connect', () => {
      clearTimeout(timer);
      joined = true;
      inner.accept();
      joinStreams(inner, outer);
    });
    outer.once('error', () => undefined);
    outer.once('close', () => {
      clearTimeout(timer);
      if (!joined) inner.destroy();
    });
    inner.once('close', () => joined || outer.destroy());
  }

  #reset(source: string, destination: string, segment: TcpSegment): void {
    const answer = {
      sourcePort: segment.destinationPort,
      destinationPort: segment.sourcePort,
      sequence: segment.acknowledgment,
      acknowledgment: 0,
      flags: FLAG.rst,
      window: 0,
      payload: Buffer.alloc(0),
    };
    this.#send(destination, source, PROTOCOL.tcp, writeTcp(destination, source, answer));
  }

  #takeUdp({ source, destination, payload }: Ipv4): void {
    const datagram = readUdp(payload);
    if (!datagram) return;
    const { sourcePort, destinationPort } = datagram;
    const reply = (answer: Buffer): void => {
      const udp = { sourcePort: destinationPort, destinationPort: sourcePort, payload: answer };
      this.#send(destination, source, PROTOCOL.udp, writeUdp(destination, source, udp));
    };
    if (destination === this.#own() && destinationPort === 123) {
      const answer = timeAnswer(datagram.payload);
      if (answer) reply(answer);
      return;
    }
    const key = this.#key(source, sourcePort, destination, destinationPort);
    let flow = this.#flows.get(key);
    if (!flow) {
      const target = this.surroundings.route(source, destination, destinationPort, 'udp');
      if (!target) return;
      flow = this.#flow(key, target, reply);
    }
    flow.emit('outgoing', datagram.payload);
  }

  #flow(key: string, { host, port }: Destination, reply: (answer: Buffer) => void): UdpSocket {
    const socket = createSocket('udp4');
    this.#flows.set(key, socket);
    const end = (): void => {
      if (this.#flows.get(key) !== socket) return;
      this.#flows.delete(key);
      socket.close();
    };
    const idle = setTimeout(end, UDP_IDLE_MS);
    idle.unref();
    socket.on('error', end);
    socket.on('message', (answer) => {
      idle.refresh();
      if (answer.length <= this.mtu - 28) reply(answer);
    });
    socket.on('outgoing', (payload: Buffer) => {
      idle.refresh();
      socket.send(payload, port, host, (error) => error && end());
    });
    return socket;
  }
}

/** Carries both directions until both have ended; when one breaks, so does the other. */
export function joinStreams(inner: TcpConnection, outer: Socket): void {
  inner.pipe(outer);
  outer.pipe(inner);
  for (const [from, to] of [
    [inner, outer],
    [outer, inner],
  ] as const) {
    // Ended in order, what it has said is still on its way through the other one.
    from.once('close', () => (from.readableEnded && from.writableFinished) || to.destroy());
  }
}
