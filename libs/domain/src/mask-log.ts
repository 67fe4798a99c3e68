const MAX_TAIL = 4096;

/** What must not be seen again in a log: PEM keys, bootstrap tokens, bearer tokens, certificate keys. */
const SECRETS: readonly RegExp[] = [
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  /\b[a-z0-9]{6}\.[a-z0-9]{16}\b/g,
  /\b(bearer|token|password|certificate-key|nonce)(["']?\s*[:= ]\s*["']?)[^\s"',]{8,}/gi,
];

/**
 * The end of a node's log as it may be stored and shown: bounded, without secrets and control characters.
 * @param most characters
 */
export function maskLog(text: string, most = MAX_TAIL): string {
  let masked = text;
  for (const secret of SECRETS) {
    masked = masked.replace(secret, (whole: string, word?: string, between?: string) =>
      secret.flags.includes('i') && word && between ? `${word}${between}***` : '***',
    );
  }
  // eslint-disable-next-line no-control-regex -- these are what is taken out
  return masked.replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '').slice(-most);
}
