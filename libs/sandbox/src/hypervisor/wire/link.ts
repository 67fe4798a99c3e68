import type { Duplex } from 'node:stream';

const LONGEST_FRAME = 65_536;
/** Frames that wait for a machine that does not read; more are lost, as on any wire. */
const WAITING_BYTES = 4 * 1024 * 1024;

/**
 * Ethernet frames over a stream as QEMU's `-netdev socket` and `stream` speak it: each after its length in 4 bytes.
 * @returns sends a frame
 */
export function frameLink(stream: Duplex, received: (frame: Buffer) => void): (frame: Buffer) => void {
  let kept: Buffer = Buffer.alloc(0);
  stream.on('data', (chunk: Buffer) => {
    kept = kept.length === 0 ? chunk : Buffer.concat([kept, chunk]);
    let at = 0;
    while (kept.length - at >= 4) {
      const length = kept.readUInt32BE(at);
      if (length > LONGEST_FRAME) return void stream.destroy();
      if (kept.length - at < 4 + length) break;
      received(kept.subarray(at + 4, at + 4 + length));
      at += 4 + length;
    }
    kept = kept.subarray(at);
  });
  stream.on('error', () => stream.destroy());
  return (frame) => {
    if (stream.destroyed || !stream.writable || stream.writableLength > WAITING_BYTES) return;
    const head = Buffer.alloc(4);
    head.writeUInt32BE(frame.length);
    stream.write(Buffer.concat([head, frame]));
  };
}
