import { createHash } from 'node:crypto';
import { InvalidInput } from '#libs/domain';

/**
 * The value of an `Idempotency-Key`: 1 to 255 visible ASCII characters, or such a text in double quotes as the IETF's draft
 * (draft-ietf-httpapi-idempotency-key-header) wants it; both are the same key.
 * @throws InvalidInput
 */
export function readKey(header: string | string[]): string {
  const text = typeof header === 'string' ? header.trim() : '';
  const key = /^"(.*)"$/.exec(text)?.[1] ?? text;
  if (/^[\x21\x23-\x2b\x2d-\x7e]{1,255}$/.test(key)) return key;
  throw new InvalidInput(
    'invalid-idempotency-key',
    'The Idempotency-Key header must be 1 to 255 visible ASCII characters, without blanks, commas and quotes.',
    { field: 'Idempotency-Key' },
  );
}

/** What a request says, in short: equal for bodies that differ in the order of their keys only. */
export function requestHash(method: string, path: string, version: string, body: unknown): string {
  return createHash('sha256')
    .update(`${method}\n${path}\n${version}\n${canonical(body)}`)
    .digest('hex');
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  );
}
