import { digText, StatusError, type Json } from './kube-object.js';

/** What a field holds. Maps are of text to text or bytes; bytes become base64, as in JSON. */
type Field = readonly [name: string, type: 'string' | 'bytes' | 'bool' | 'strings' | 'map' | 'byteMap' | 'skip' | Message];
interface Message {
  readonly [number: number]: Field;
}

const metadata: Message = {
  1: ['name', 'string'],
  2: ['generateName', 'string'],
  3: ['namespace', 'string'],
  5: ['uid', 'string'],
  6: ['resourceVersion', 'string'],
  11: ['labels', 'map'],
  12: ['annotations', 'map'],
  14: ['finalizers', 'strings'],
};
const resourceAttributes: Message = {
  1: ['namespace', 'string'],
  2: ['verb', 'string'],
  3: ['group', 'string'],
  4: ['version', 'string'],
  5: ['resource', 'string'],
  6: ['subresource', 'string'],
  7: ['name', 'string'],
};
const nonResourceAttributes: Message = { 1: ['path', 'string'], 2: ['verb', 'string'] };
const typed = (fields: Message = {}): Message => ({ 1: ['metadata', metadata], ...fields });

/** Kinds that kubectl 1.32 and later send as protobuf and somebody may want here. Source: generated.proto of k8s.io/api. */
const kinds: Readonly<Record<string, Message>> = {
  Namespace: typed(),
  ServiceAccount: typed(),
  ConfigMap: typed({ 2: ['data', 'map'], 3: ['binaryData', 'byteMap'], 4: ['immutable', 'bool'] }),
  Secret: typed({ 2: ['data', 'byteMap'], 3: ['type', 'string'], 4: ['stringData', 'map'], 5: ['immutable', 'bool'] }),
  SelfSubjectAccessReview: typed({
    2: ['spec', { 1: ['resourceAttributes', resourceAttributes], 2: ['nonResourceAttributes', nonResourceAttributes] }],
  }),
  SelfSubjectReview: typed(),
  SelfSubjectRulesReview: typed({ 2: ['spec', { 1: ['namespace', 'string'] }] }),
};
const unknownMessage: Message = { 1: ['typeMeta', { 1: ['apiVersion', 'string'], 2: ['kind', 'string'] }], 2: ['raw', 'bytes'] };

/** Reads `application/vnd.kubernetes.protobuf`. @throws StatusError 400 malformed, 415 a kind that is not known here */
export function readProtobuf(body: Buffer): Json {
  if (!body.subarray(0, 4).equals(Buffer.from('k8s\0')))
    throw new StatusError(400, 'BadRequest', 'the body is no Kubernetes protobuf');
  try {
    const envelope = decode(body.subarray(4), unknownMessage);
    const { apiVersion, kind } = envelope['typeMeta'] as { apiVersion: string; kind: string };
    const shape = kinds[kind];
    if (!shape) throw new StatusError(415, 'UnsupportedMediaType', `the simulated API server reads ${kind} as JSON or YAML only`);
    const value = decode(Buffer.from(digText(envelope, 'raw'), 'base64'), shape);
    return { ...value, apiVersion, kind };
  } catch (error) {
    if (error instanceof StatusError) throw error;
    throw new StatusError(400, 'BadRequest', `error decoding the body: ${(error as Error).message}`);
  }
}

function decode(bytes: Buffer, message: Message): Json {
  const result: Json = {};
  for (let at = 0; at < bytes.length;) {
    const key = varint(bytes, at);
    at = key.end;
    const [name, type] = message[Math.floor(key.value / 8)] ?? ['', 'skip' as const];
    switch (key.value % 8) {
      case 0: {
        const found = varint(bytes, at);
        at = found.end;
        if (type === 'bool') result[name] = found.value !== 0;
        break;
      }
      case 1:
        at += 8;
        break;
      case 2: {
        const size = varint(bytes, at);
        const end = size.end + size.value;
        if (end > bytes.length) throw new Error('unexpected EOF');
        put(result, name, type, bytes.subarray(size.end, end));
        at = end;
        break;
      }
      case 5:
        at += 4;
        break;
      default:
        throw new Error('illegal wire type');
    }
  }
  return result;
}

function put(result: Json, name: string, type: Field[1], bytes: Buffer): void {
  if (type === 'skip' || type === 'bool') return;
  // Go writes every text, empty ones too; in JSON those are left out.
  if (type === 'string') {
    if (bytes.length > 0) result[name] = bytes.toString('utf8');
  } else if (type === 'bytes') result[name] = bytes.toString('base64');
  else if (type === 'strings') result[name] = [...((result[name] as string[] | undefined) ?? []), bytes.toString('utf8')];
  else if (type === 'map' || type === 'byteMap') {
    const entry = decode(bytes, { 1: ['key', 'string'], 2: ['value', type === 'map' ? 'string' : 'bytes'] });
    result[name] = { ...(result[name] as Json | undefined), [(entry['key'] as string | undefined) ?? '']: entry['value'] ?? '' };
  } else result[name] = decode(bytes, type);
}

function varint(bytes: Buffer, start: number): { value: number; end: number } {
  let value = 0;
  for (let at = start, scale = 1; at < bytes.length && at < start + 10; at += 1, scale *= 128) {
    const byte = bytes[at] ?? 0;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return { value, end: at + 1 };
  }
  throw new Error('unexpected EOF');
}
