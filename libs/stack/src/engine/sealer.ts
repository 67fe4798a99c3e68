/** As a key ring has it: what is sealed can be opened by its owner alone. Pure, no call. */
export interface Sealer {
  seal(plain: Buffer, owner: string): { readonly keyId: string; readonly sealed: Buffer };
  open(sealed: { readonly keyId: string; readonly sealed: Buffer }, owner: string): Buffer;
}

const ownerOf = (resourceUuid: string): string => `stack-resource/${resourceUuid}/attribute`;

/** As a row keeps it: `{ sealed: '<key>:<base64>' }`. @throws Error this engine has no keys */
export function sealValue(sealer: Sealer | undefined, resourceUuid: string, value: unknown): { sealed: string } {
  if (!sealer) throw new Error('this engine has no keys: it can keep no secrets');
  const { keyId, sealed } = sealer.seal(Buffer.from(JSON.stringify(value)), ownerOf(resourceUuid));
  return { sealed: `${keyId}:${sealed.toString('base64')}` };
}

/** @throws Error it is not there; SecretUnreadable its key is gone, or it was changed */
export function openValue(sealer: Sealer | undefined, resourceUuid: string, stored: unknown): unknown {
  const text = (stored as { sealed?: unknown } | undefined)?.sealed;
  if (!sealer || typeof text !== 'string') throw new Error('a secret of a resource is not there, or this engine has no keys');
  const at = text.indexOf(':');
  const sealed = { keyId: text.slice(0, at), sealed: Buffer.from(text.slice(at + 1), 'base64') };
  return JSON.parse(sealer.open(sealed, ownerOf(resourceUuid)).toString()) as unknown;
}
