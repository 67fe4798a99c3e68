/** Shorter ones would black out ordinary words. */
const SHORTEST = 6;

/** Clouds repeat in their refusals what they were sent. @returns the text with `***` for secrets, as they are and in base64 */
export function redacted(text: string, secrets: Iterable<string>): string {
  let clean = text;
  for (const secret of secrets) {
    // Most are user data, longer than any error.
    if (secret.length < SHORTEST || secret.length > text.length) continue;
    clean = clean.replaceAll(secret, '***').replaceAll(Buffer.from(secret).toString('base64'), '***');
  }
  return clean;
}
