import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { StatusError } from './kube-object.js';
import type { ProgramResult } from './simulated-etcdctl.js';

const PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];
/** RFC 6455. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const BINARY = 2;
const CLOSE = 8;
const GONE_MS = 2_000;

/** Answers `pods/exec` over a WebSocket: what the program said, how it ended, and the end of the stream. */
export function sendExec(request: IncomingMessage, socket: Duplex, result: ProgramResult): void {
  const key = String(request.headers['sec-websocket-key']);
  const asked = (request.headers['sec-websocket-protocol'] ?? '').split(/\s*,\s*/);
  const protocol = PROTOCOLS.find((one) => asked.includes(one));
  const accept = createHash('sha1').update(`${key}${GUID}`).digest('base64');
  const head = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${accept}`,
    ...(protocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${protocol}`]),
  ];
  socket.on('error', () => socket.destroy());
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  if (result.stdout !== '') socket.write(frame(BINARY, 1, result.stdout));
  if (result.stderr !== '') socket.write(frame(BINARY, 2, result.stderr));
  socket.write(frame(BINARY, 3, JSON.stringify(outcome(result.exitCode))));
  socket.write(frame(CLOSE, 0x03, Buffer.from([0xe8])));
  // The client closes from its side; one that does not is not waited for.
  const timer = setTimeout(() => socket.destroy(), GONE_MS);
  timer.unref();
  socket.on('data', () => socket.end());
  socket.on('close', () => clearTimeout(timer));
}

/** Before the stream is opened the API answers like always. */
export function refuseUpgrade(socket: Duplex, failure: StatusError): void {
  const body = JSON.stringify(failure.toStatus());
  socket.on('error', () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${failure.code} ${failure.reason}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

function outcome(exitCode: number): object {
  if (exitCode === 0) return { metadata: {}, status: 'Success' };
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: exit status ${exitCode}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] },
  };
}

/** One unfragmented, unmasked frame; the first byte of the payload names the stream. */
function frame(opcode: number, stream: number, content: string | Buffer): Buffer {
  const payload = Buffer.concat([Buffer.from([stream]), Buffer.from(content)]);
  const head =
    payload.length < 126
      ? Buffer.from([0x80 | opcode, payload.length])
      : payload.length < 65_536
        ? Buffer.from([0x80 | opcode, 126, payload.length >> 8, payload.length & 0xff])
        : Buffer.concat([Buffer.from([0x80 | opcode, 127]), sixtyFourBits(payload.length)]);
  return Buffer.concat([head, payload]);
}

function sixtyFourBits(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}
