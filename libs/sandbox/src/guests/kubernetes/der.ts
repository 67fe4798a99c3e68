/** Just enough DER (X.690) to read and write certificates and requests; a library takes ten times as long, a thousand times. */
export interface DerNode {
  readonly tag: number;
  /** Tag, length and content. */
  readonly raw: Buffer;
  readonly content: Buffer;
}

/** Reads one element at the start of `bytes`. @throws Error when it is cut off or uses a form DER does not allow here */
export function readDer(bytes: Buffer): DerNode {
  const tag = bytes[0];
  const first = bytes[1];
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) throw new Error('malformed DER');
  let length = first;
  let start = 2;
  if (first >= 0x80) {
    const size = first & 0x7f;
    if (size < 1 || size > 3 || bytes.length < 2 + size) throw new Error('malformed DER');
    length = bytes.readUIntBE(2, size);
    start = 2 + size;
  }
  if (bytes.length < start + length) throw new Error('malformed DER');
  return { tag, raw: bytes.subarray(0, start + length), content: bytes.subarray(start, start + length) };
}

/** The elements of a constructed one. */
export function children(node: Pick<DerNode, 'content'>): DerNode[] {
  const found: DerNode[] = [];
  for (let rest = node.content; rest.length > 0;) {
    const child = readDer(rest);
    found.push(child);
    rest = rest.subarray(child.raw.length);
  }
  return found;
}

/** The element at this place. @throws Error when it is missing */
export function child(node: Pick<DerNode, 'content'>, index: number): DerNode {
  const found = children(node)[index];
  if (!found) throw new Error('malformed DER: an element is missing');
  return found;
}

export function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  const size = length < 0x100 ? 1 : length < 0x10000 ? 2 : 3;
  const head = Buffer.alloc(2 + size);
  head[0] = tag;
  head[1] = 0x80 | size;
  head.writeUIntBE(length, 2, size);
  return Buffer.concat([head, content]);
}

export const SEQUENCE = 0x30;
export const SET = 0x31;
export const INTEGER = 0x02;
export const BIT_STRING = 0x03;
export const OCTET_STRING = 0x04;
export const UTF8_STRING = 0x0c;
export const BOOLEAN_TRUE: Buffer = Buffer.from([0x01, 0x01, 0xff]);
export const NULL: Buffer = Buffer.from([0x05, 0x00]);
/** Context-specific, constructed. */
export const context = (number: number): number => 0xa0 | number;

/** `1.2.840.10045.4.3.2` as an OBJECT IDENTIFIER. */
export function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  const bytes = [first * 40 + second, ...rest.flatMap(base128)];
  return der(0x06, Buffer.from(bytes));
}

function base128(value: number): number[] {
  const digits = [value & 0x7f];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) digits.unshift(0x80 | (rest & 0x7f));
  return digits;
}

/** A time of a certificate: UTCTime until 2049, GeneralizedTime from 2050 on (RFC 5280, 4.1.2.5). */
export function time(at: Date): Buffer {
  const text = at.toISOString().replace(/[-:T]|\.\d+/g, '');
  return at.getUTCFullYear() < 2050 ? der(0x17, Buffer.from(text.slice(2))) : der(0x18, Buffer.from(text));
}

/** A bit string of whole bytes. */
export function bits(bytes: Buffer, unused = 0): Buffer {
  return der(BIT_STRING, Buffer.from([unused]), bytes);
}

export function pem(label: string, bytes: Buffer): string {
  return `-----BEGIN ${label}-----\n${
    bytes
      .toString('base64')
      .match(/.{1,64}/g)
      ?.join('\n') ?? ''
  }\n-----END ${label}-----\n`;
}

/** The bytes of the first block with one of these labels. @throws Error when there is none */
export function unpem(text: string, ...labels: string[]): Buffer {
  const found = new RegExp(`-----BEGIN (${labels.join('|')})-----([A-Za-z0-9+/=\\s]+)-----END \\1-----`).exec(text)?.[2];
  if (found === undefined) throw new Error(`no PEM block of type ${labels[0] ?? ''}`);
  return Buffer.from(found, 'base64');
}
