/** Shorter ones would black out ordinary words. */
const SHORTEST = 6;

/**
 * Clouds repeat in their refusals what they were sent. @returns replaces the secrets, as they are and in base64, by `***`
 */
export function redactor(secrets: readonly string[]): (text: string) => string {
  const worth = secrets.filter((secret) => secret.length >= SHORTEST);
  return (text) => {
    let clean = text;
    for (const secret of worth) {
      // Most are user data, longer than any error.
      if (secret.length > text.length) continue;
      clean = clean.replaceAll(secret, '***').replaceAll(Buffer.from(secret).toString('base64'), '***');
    }
    return clean;
  };
}
