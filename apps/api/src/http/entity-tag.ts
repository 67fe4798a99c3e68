import { createHash } from 'node:crypto';
import { InvalidInput, type Microversion } from '#libs/domain';

/**
 * The strong tag of what is shown: it changes when anything shown changes, and is another one at another microversion. Links
 * do not count: it is the same whatever host name the client has used.
 * @param text the body
 * @param base the public base URL of the links in it
 */
export function entityTag(text: string, base: string, version: Microversion | undefined): string {
  const shown = base === '' ? text : text.replaceAll(base, '');
  const hash = createHash('sha256')
    .update(`${version?.toString() ?? ''}\n${shown}`)
    .digest('base64url');
  return `"${hash.slice(0, 32)}"`;
}

const LIST = /^\s*(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"\s*(?:,\s*(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"\s*)*$/;

/**
 * The tags of an `If-Match` or `If-None-Match`, as they stand there. RFC 9110, section 13.1.
 * @throws InvalidInput
 */
export function readTags(header: string, name: string): '*' | string[] {
  if (header.trim() === '*') return '*';
  if (!LIST.test(header)) {
    throw new InvalidInput('invalid-entity-tag', `The ${name} header is not a list of entity tags in double quotes, nor *.`, {
      field: name,
    });
  }
  return header.match(/(?:W\/)?"[^"]*"/g) ?? [];
}
