import { x509 } from './x509.js';
import { type CertificateAndKey, type CertificateAuthority, DAY_MS, distinguishedName, signBy } from './certificate.js';
import { generateKeys, spkiOf } from './keys.js';

/** Clocks of clusters may be behind ours by this much. */
const SKEW_MS = 5 * 60_000;

export interface ClientCertificateOptions {
  /** The Kubernetes user. */
  readonly commonName: string;
  /** The Kubernetes groups. */
  readonly organizations: readonly string[];
  readonly minutes: number;
}

/**
 * A new key and a client certificate for it. Meant to be short-lived: Kubernetes cannot revoke one.
 * @example issueClientCertificate(ca, { commonName: 'jeroboam-conductor', organizations: ['system:masters'], minutes: 30 })
 */
export async function issueClientCertificate(
  ca: CertificateAuthority,
  { commonName, organizations, minutes }: ClientCertificateOptions,
): Promise<CertificateAndKey> {
  return issue(ca, userName({ commonName, organizations }), minutes * 60_000, [
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
  ]);
}

/** The subject by which Kubernetes knows a user and his groups. */
export function userName({
  commonName,
  organizations,
}: Pick<ClientCertificateOptions, 'commonName' | 'organizations'>): x509.Name {
  return distinguishedName([...organizations.map((name) => ['O', name] as const), ['CN', commonName]]);
}

export interface ServerCertificateOptions {
  /** Host names; a leading `*.` is a wildcard. The first one, else the first address, is the common name. */
  readonly names: readonly string[];
  readonly ips: readonly string[];
  readonly days: number;
  /** Also usable as a client certificate, as etcd's peers need it. */
  readonly alsoClient?: boolean;
}

/** A new key and a server certificate for the names and addresses. At least one of them is needed. */
export async function issueServerCertificate(
  ca: CertificateAuthority,
  { names, ips, days, alsoClient = false }: ServerCertificateOptions,
): Promise<CertificateAndKey> {
  const first = names[0] ?? ips[0];
  if (first === undefined) throw new RangeError('a server certificate needs a name or an address');
  const alternatives = [
    ...names.map((value) => ({ type: 'dns' as const, value })),
    ...ips.map((value) => ({ type: 'ip' as const, value })),
  ];
  const usages = [x509.ExtendedKeyUsage.serverAuth, ...(alsoClient ? [x509.ExtendedKeyUsage.clientAuth] : [])];
  return issue(ca, distinguishedName([['CN', first.slice(0, 64)]]), days * DAY_MS, [
    new x509.ExtendedKeyUsageExtension(usages),
    new x509.SubjectAlternativeNameExtension(alternatives),
  ]);
}

async function issue(
  ca: CertificateAuthority,
  subject: x509.Name,
  lifeMs: number,
  extensions: readonly x509.Extension[],
): Promise<CertificateAndKey> {
  const { privatePem } = await generateKeys('ecdsa-p256');
  const now = Date.now();
  const certPem = await signBy(ca, {
    subject,
    publicKey: spkiOf(privatePem),
    notBefore: new Date(now - SKEW_MS),
    notAfter: new Date(now + lifeMs),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      ...extensions,
    ],
  });
  return { certPem, keyPem: privatePem };
}
