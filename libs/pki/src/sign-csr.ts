import { createPublicKey } from 'node:crypto';
import { x509 } from './x509.js';
import { InvalidInput } from '#libs/domain';
import { type CertificateAuthority, DAY_MS, signBy } from './certificate.js';
import { allowedExtensions } from './csr-extensions.js';
import { type ClientCertificateOptions, userName } from './issue.js';

export const MAX_CSR_BYTES = 16 * 1024;
const MIN_RSA_BITS = 2048;
/** Go's TLS, and so every Kubernetes component, refuses larger ones (Go 1.21). */
const MAX_RSA_BITS = 8192;
const HASHES: ReadonlySet<string> = new Set(['SHA-256', 'SHA-384', 'SHA-512']);
const REQUEST = /-----BEGIN (NEW )?CERTIFICATE REQUEST-----\s+([A-Za-z0-9+/=\s]+?)\s*-----END \1?CERTIFICATE REQUEST-----/;

export interface SignCsrOptions {
  /** How long the certificate is good for, never longer than the authority itself. Magnum's `term_of_validity`: 1825. */
  readonly days?: number;
  /** Who the certificate is for, whatever the request says; not given: as in the request. */
  readonly subject?: Pick<ClientCertificateOptions, 'commonName' | 'organizations'> | undefined;
}

/**
 * Signs a certificate request with Magnum's rules: public key and, unless another is given, subject as they are in the
 * request (also `O=system:masters`), SHA-256, random serial number, valid from a day ago, allowed extensions alone.
 *
 *     const pem = await signCsr(authorities.ca, body.csr);           // POST /v1/certificates: `pem`
 *     const caPem = authorities.ca.certPem.trimEnd();                // GET /v1/certificates/{cluster}: `pem`
 *
 * @param csrPem PKCS#10 in PEM, at most 16 KiB; text around the block is ignored. RSA (2048 to 8192 bits), ECDSA on
 *   P-256, P-384 or P-521, or Ed25519, signed by its own key with SHA-256 or better
 * @returns PEM without a newline at its end, as Magnum answers
 * @throws InvalidInput `invalid-csr` (what is wrong is said in the message), `extension-not-allowed`
 * Safe to repeat: each call makes a new certificate. Source: magnum common/x509/operations.py, 2025.1
 */
export async function signCsr(
  ca: CertificateAuthority,
  csrPem: string,
  { days = 1825, subject }: SignCsrOptions = {},
): Promise<string> {
  const request = await readRequest(csrPem);
  const now = Date.now();
  const pem = await signBy(ca, {
    subject: subject ? userName(subject) : request.subject,
    publicKey: request.publicKey,
    extensions: allowedExtensions(request.extensions),
    notBefore: new Date(now - DAY_MS),
    notAfter: new Date(now + days * DAY_MS),
  });
  return pem.trimEnd();
}

interface Request {
  readonly subject: x509.Name;
  readonly publicKey: Buffer;
  readonly extensions: readonly x509.Extension[];
}

async function readRequest(csrPem: string): Promise<Request> {
  const invalid = (why: string, cause?: unknown): InvalidInput =>
    new InvalidInput('invalid-csr', `Received invalid csr ${excerpt(csrPem)}. ${why}.`, { field: 'csr' }, { cause });
  if (Buffer.byteLength(csrPem) > MAX_CSR_BYTES) throw invalid(`It has more than ${MAX_CSR_BYTES} bytes`);
  const base64 = REQUEST.exec(csrPem)?.[2];
  if (base64 === undefined) throw invalid('It is no PEM block of a certificate request');
  const parsed = await parse(Buffer.from(base64, 'base64')).catch((cause: unknown) => {
    throw invalid('It cannot be read as PKCS#10', cause);
  });
  if (parsed.weakness) throw invalid(parsed.weakness);
  if (!parsed.signed) throw invalid('Its signature is not by its own key');
  return parsed;
}

async function parse(der: Buffer): Promise<Request & { signed: boolean; weakness: string | undefined }> {
  const csr = new x509.Pkcs10CertificateRequest(der);
  const extensions = csr.extensions;
  const types = extensions.map((extension) => extension.type);
  if (new Set(types).size !== types.length) throw new TypeError('an extension is there twice');
  const publicKey = Buffer.from(csr.publicKey.rawData);
  const weakness = weaknessOf(publicKey, csr.signatureAlgorithm);
  return { subject: csr.subjectName, publicKey, extensions, weakness, signed: !weakness && (await csr.verify()) };
}

/** Why a request is not strong enough, as a sentence; undefined when it is. */
function weaknessOf(spki: Buffer, signature: { readonly hash?: { readonly name: string } | undefined }): string | undefined {
  const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  const bits = key.asymmetricKeyDetails?.modulusLength;
  if (bits !== undefined && bits < MIN_RSA_BITS) return `Its RSA key has ${bits} bits, ${MIN_RSA_BITS} are the least`;
  if (bits !== undefined && bits > MAX_RSA_BITS) return `Its RSA key has ${bits} bits, ${MAX_RSA_BITS} are the most`;
  if (key.asymmetricKeyType === 'ed25519') return undefined;
  const hash = signature.hash?.name ?? 'an unknown hash';
  return HASHES.has(hash) ? undefined : `It is signed with ${hash}, SHA-256 is the least`;
}

/** The beginning of what was sent, as Python prints bytes: never more than a line, no control characters. */
function excerpt(text: string): string {
  const head = text.slice(0, 60);
  const escaped = head.replace(/[\\']/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t');
  const bytes = escaped.replace(/[^ -~]/gu, (char) =>
    [...Buffer.from(char)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join(''),
  );
  return `b'${bytes}${text.length > head.length ? '...' : ''}'`;
}
