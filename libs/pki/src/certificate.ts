import { randomUUID } from 'node:crypto';
import { x509 } from './x509.js';
import { signingKey, spkiOf } from './keys.js';

export const DAY_MS = 86_400_000;

/** A certificate and its private key, both PEM, both ending in a newline, as they go into files. */
export interface CertificateAndKey {
  readonly certPem: string;
  readonly keyPem: string;
}

/** What can sign others. */
export type CertificateAuthority = CertificateAndKey;

/** A name of one attribute per level, in the order given; never parsed from text, so that a comma in it is a comma. */
export function distinguishedName(parts: readonly (readonly ['CN' | 'O', string])[]): x509.Name {
  return new x509.Name(parts.map(([type, value]) => ({ [type]: [{ utf8String: value }] })));
}

interface Blank {
  readonly subject: x509.Name;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Buffer;
  readonly extensions: readonly x509.Extension[];
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** A self-signed certificate. @returns PEM with a newline at its end */
export async function selfSign(blank: Blank, privatePem: string): Promise<string> {
  const keyId = await keyIdOf(blank.publicKey);
  return create(blank, blank.subject, keyId, keyId, privatePem);
}

/**
 * A certificate by an authority, inside the authority's own time. The authority's key identifier is always added,
 * the subject's if it is not among the extensions: OpenSSL's strict checks ask for both (RFC 5280, 4.2.1.1 and 4.2.1.2).
 * @returns PEM with a newline at its end
 */
export async function signBy(ca: CertificateAuthority, blank: Blank): Promise<string> {
  const issuer = new x509.X509Certificate(ca.certPem);
  const own = issuer.getExtension(x509.SubjectKeyIdentifierExtension);
  const issuerKeyId = own?.keyId ?? (await keyIdOf(spkiOf(ca.keyPem)));
  const within = {
    ...blank,
    notBefore: later(blank.notBefore, issuer.notBefore),
    notAfter: earlier(blank.notAfter, issuer.notAfter),
  };
  return create(within, issuer.subjectName, await keyIdOf(blank.publicKey), issuerKeyId, ca.keyPem);
}

async function create(blank: Blank, issuer: x509.Name, keyId: string, issuerKeyId: string, privatePem: string): Promise<string> {
  const extensions = [...blank.extensions];
  if (!extensions.some((extension) => extension instanceof x509.SubjectKeyIdentifierExtension)) {
    extensions.push(new x509.SubjectKeyIdentifierExtension(keyId));
  }
  extensions.push(new x509.AuthorityKeyIdentifierExtension(issuerKeyId));
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: randomUUID().replaceAll('-', ''),
    subject: blank.subject,
    issuer,
    notBefore: blank.notBefore,
    notAfter: blank.notAfter,
    publicKey: blank.publicKey,
    signingKey: await signingKey(privatePem),
    signingAlgorithm: { name: 'any', hash: 'SHA-256' },
    extensions,
  });
  return `${certificate.toString('pem').trimEnd()}\n`;
}

async function keyIdOf(spki: Buffer): Promise<string> {
  return Buffer.from(await new x509.PublicKey(spki).getKeyIdentifier()).toString('hex');
}

const later = (a: Date, b: Date): Date => (a > b ? a : b);
const earlier = (a: Date, b: Date): Date => (a < b ? a : b);
