/** Ethernet frames and what is in them, as far as virtual machines and their gateway speak. Addresses are text. */

export const BROADCAST = 'ff:ff:ff:ff:ff:ff';
export const ETHERTYPE = { ipv4: 0x0800, arp: 0x0806 } as const;
export const PROTOCOL = { icmp: 1, tcp: 6, udp: 17 } as const;
export const FLAG = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16 } as const;

export interface Arp {
  readonly operation: 'request' | 'reply';
  readonly senderMac: string;
  readonly senderIp: string;
  readonly targetMac: string;
  readonly targetIp: string;
}

export interface Ipv4 {
  readonly source: string;
  readonly destination: string;
  readonly protocol: number;
  readonly payload: Buffer;
}

export interface Udp {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payload: Buffer;
}

export interface TcpSegment {
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** 32 bits. */
  readonly sequence: number;
  readonly acknowledgment: number;
  readonly flags: number;
  readonly window: number;
  /** Of a SYN: the largest payload the sender takes. */
  readonly maximumSegment?: number | undefined;
  readonly payload: Buffer;
}

export const macOf = (buffer: Buffer, offset: number): string =>
  [...buffer.subarray(offset, offset + 6)].map((byte) => byte.toString(16).padStart(2, '0')).join(':');

const macBytes = (mac: string): Buffer => Buffer.from(mac.replaceAll(':', ''), 'hex');
const ipOf = (buffer: Buffer, offset: number): string => buffer.subarray(offset, offset + 4).join('.');
const ipBytes = (ip: string): Buffer => Buffer.from(ip.split('.').map(Number));

export function ethernet(destination: string, source: string, type: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(14);
  macBytes(destination).copy(header, 0);
  macBytes(source).copy(header, 6);
  header.writeUInt16BE(type, 12);
  return Buffer.concat([header, payload]);
}

/** @returns undefined for anything but ARP of IPv4 over Ethernet */
export function readArp(buffer: Buffer): Arp | undefined {
  if (buffer.length < 28 || buffer.readUInt32BE(0) !== 0x0001_0800) return undefined;
  const operation = buffer.readUInt16BE(6);
  if (operation !== 1 && operation !== 2) return undefined;
  return {
    operation: operation === 1 ? 'request' : 'reply',
    senderMac: macOf(buffer, 8),
    senderIp: ipOf(buffer, 14),
    targetMac: macOf(buffer, 18),
    targetIp: ipOf(buffer, 24),
  };
}

export function writeArp(arp: Arp): Buffer {
  const head = Buffer.from([0, 1, 8, 0, 6, 4, 0, arp.operation === 'request' ? 1 : 2]);
  return Buffer.concat([head, macBytes(arp.senderMac), ipBytes(arp.senderIp), macBytes(arp.targetMac), ipBytes(arp.targetIp)]);
}

/** @returns undefined for a fragment, or what is no IPv4. Nobody here sends fragments: everything has the network's MTU. */
export function readIpv4(buffer: Buffer): Ipv4 | undefined {
  if (buffer.length < 20 || buffer.readUInt8(0) >> 4 !== 4) return undefined;
  const header = (buffer.readUInt8(0) & 15) * 4;
  const length = buffer.readUInt16BE(2);
  const isFragment = (buffer.readUInt16BE(6) & 0x3fff) !== 0;
  if (header < 20 || length < header || length > buffer.length || isFragment) return undefined;
  return {
    source: ipOf(buffer, 12),
    destination: ipOf(buffer, 16),
    protocol: buffer.readUInt8(9),
    payload: buffer.subarray(header, length),
  };
}

export function writeIpv4({ source, destination, protocol, payload }: Ipv4): Buffer {
  const header = Buffer.alloc(20);
  header[0] = 0x45;
  header.writeUInt16BE(20 + payload.length, 2);
  header.writeUInt16BE(0x4000, 6);
  header[8] = 64;
  header[9] = protocol;
  ipBytes(source).copy(header, 12);
  ipBytes(destination).copy(header, 16);
  header.writeUInt16BE(checksum([header]), 10);
  return Buffer.concat([header, payload]);
}

export function readUdp(buffer: Buffer): Udp | undefined {
  if (buffer.length < 8) return undefined;
  const length = buffer.readUInt16BE(4);
  if (length < 8 || length > buffer.length) return undefined;
  return {
    sourcePort: buffer.readUInt16BE(0),
    destinationPort: buffer.readUInt16BE(2),
    payload: buffer.subarray(8, length),
  };
}

export function writeUdp(source: string, destination: string, udp: Udp): Buffer {
  const datagram = Buffer.alloc(8 + udp.payload.length);
  datagram.writeUInt16BE(udp.sourcePort, 0);
  datagram.writeUInt16BE(udp.destinationPort, 2);
  datagram.writeUInt16BE(datagram.length, 4);
  udp.payload.copy(datagram, 8);
  datagram.writeUInt16BE(checksum([pseudoHeader(source, destination, PROTOCOL.udp, datagram.length), datagram]) || 0xffff, 6);
  return datagram;
}

export function readTcp(buffer: Buffer): TcpSegment | undefined {
  if (buffer.length < 20) return undefined;
  const header = (buffer.readUInt8(12) >> 4) * 4;
  if (header < 20 || header > buffer.length) return undefined;
  return {
    sourcePort: buffer.readUInt16BE(0),
    destinationPort: buffer.readUInt16BE(2),
    sequence: buffer.readUInt32BE(4),
    acknowledgment: buffer.readUInt32BE(8),
    flags: buffer.readUInt8(13) & 31,
    window: buffer.readUInt16BE(14),
    maximumSegment: maximumSegmentOf(buffer.subarray(20, header)),
    payload: buffer.subarray(header),
  };
}

export function writeTcp(source: string, destination: string, segment: TcpSegment): Buffer {
  const header = segment.maximumSegment === undefined ? 20 : 24;
  const bytes = Buffer.alloc(header + segment.payload.length);
  bytes.writeUInt16BE(segment.sourcePort, 0);
  bytes.writeUInt16BE(segment.destinationPort, 2);
  bytes.writeUInt32BE(segment.sequence, 4);
  bytes.writeUInt32BE(segment.acknowledgment, 8);
  bytes[12] = (header / 4) << 4;
  bytes[13] = segment.flags;
  bytes.writeUInt16BE(segment.window, 14);
  if (segment.maximumSegment !== undefined) {
    bytes.set([2, 4], 20);
    bytes.writeUInt16BE(segment.maximumSegment, 22);
  }
  segment.payload.copy(bytes, header);
  bytes.writeUInt16BE(checksum([pseudoHeader(source, destination, PROTOCOL.tcp, bytes.length), bytes]), 16);
  return bytes;
}

/** Answers a ping; undefined for other ICMP. */
export function echoReply(buffer: Buffer): Buffer | undefined {
  if (buffer.length < 8 || buffer[0] !== 8) return undefined;
  const reply = Buffer.from(buffer);
  reply[0] = 0;
  reply.writeUInt16BE(0, 2);
  reply.writeUInt16BE(checksum([reply]), 2);
  return reply;
}

function maximumSegmentOf(options: Buffer): number | undefined {
  for (let at = 0; at < options.length;) {
    const kind = options.readUInt8(at);
    if (kind === 0) return undefined;
    const length = kind === 1 ? 1 : (options[at + 1] ?? 0);
    if (length < 1) return undefined;
    if (kind === 2 && length === 4 && at + 4 <= options.length) return options.readUInt16BE(at + 2);
    at += length;
  }
  return undefined;
}

function pseudoHeader(source: string, destination: string, protocol: number, length: number): Buffer {
  return Buffer.concat([ipBytes(source), ipBytes(destination), Buffer.from([0, protocol, length >> 8, length & 255])]);
}

/** The Internet checksum (RFC 1071) over parts, of which only the last may have an odd length. */
export function checksum(parts: readonly Buffer[]): number {
  let sum = 0;
  for (const part of parts) {
    const even = part.length & ~1;
    for (let at = 0; at < even; at += 2) sum += (part.readUInt8(at) << 8) | part.readUInt8(at + 1);
    if (even < part.length) sum += part.readUInt8(even) << 8;
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x1_0000);
  return ~sum & 0xffff;
}
