import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  verify,
  X509Certificate,
  type KeyObject,
} from 'node:crypto';
import {
  BOOLEAN_TRUE,
  bits,
  child,
  children,
  context,
  der,
  INTEGER,
  NULL,
  OCTET_STRING,
  oid,
  pem,
  readDer,
  SEQUENCE,
  SET,
  time,
  unpem,
  UTF8_STRING,
  type DerNode,
} from './der.js';

/** A certificate authority as it lies on a simulated disk, ready to sign. */
export interface SimulatedAuthority {
  readonly certificate: X509Certificate;
  readonly certificatePem: string;
  /** The file it came from: itself first, then others that are trusted on its side. */
  readonly trustPem: string;
  /** The subject's DER: the issuer of what it signs. */
  readonly issuer: Buffer;
  readonly key: KeyObject;
  readonly algorithm: SignatureAlgorithm;
}

export interface IssuedCertificate {
  readonly certPem: string;
  readonly keyPem: string;
}

interface SignatureAlgorithm {
  readonly hash: 'sha256' | 'sha384' | 'sha512';
  /** AlgorithmIdentifier. */
  readonly identifier: Buffer;
}

const ecdsaSha256 = der(SEQUENCE, oid('1.2.840.10045.4.3.2'));
const ecdsaSha384 = der(SEQUENCE, oid('1.2.840.10045.4.3.3'));
const rsaSha256 = der(SEQUENCE, oid('1.2.840.113549.1.1.11'), NULL);
const signatureHashes: readonly [Buffer, SignatureAlgorithm['hash']][] = [
  [oid('1.2.840.10045.4.3.2'), 'sha256'],
  [oid('1.2.840.10045.4.3.3'), 'sha384'],
  [oid('1.2.840.10045.4.3.4'), 'sha512'],
  [oid('1.2.840.113549.1.1.11'), 'sha256'],
  [oid('1.2.840.113549.1.1.12'), 'sha384'],
  [oid('1.2.840.113549.1.1.13'), 'sha512'],
];
const commonNameOid = oid('2.5.4.3');
const organizationOid = oid('2.5.4.10');
const subjectAltNameOid = oid('2.5.29.17');
const extensionRequestOid = oid('1.2.840.113549.1.9.14');

/** Reads a CA. @throws Error in openssl-like words: unreadable, not a CA, or a key that is not the certificate's. */
export function readAuthority(certificatePem: string, keyPem: string): SimulatedAuthority {
  const certificate = new X509Certificate(certificatePem);
  const key = createPrivateKey(keyPem);
  if (!certificate.ca) throw new Error('the certificate is not a CA');
  if (!certificate.checkPrivateKey(key)) throw new Error('private key does not match the certificate');
  const body = children(child(readDer(certificate.raw), 0));
  const subject = body[body[0]?.tag === context(0) ? 5 : 4];
  if (!subject) throw new Error('the certificate has no subject');
  return {
    certificate,
    certificatePem: certificatesIn(certificatePem)[0] ?? '',
    trustPem: certificatePem,
    issuer: subject.raw,
    key,
    algorithm: algorithmOf(key),
  };
}

/** The certificates of a PEM file. */
export function certificatesIn(text: string): string[] {
  return Array.from(text.matchAll(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g), ([one]) => `${one}\n`);
}

function algorithmOf(key: KeyObject): SignatureAlgorithm {
  if (key.asymmetricKeyType === 'rsa') return { hash: 'sha256', identifier: rsaSha256 };
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (curve === 'prime256v1') return { hash: 'sha256', identifier: ecdsaSha256 };
  if (curve === 'secp384r1') return { hash: 'sha384', identifier: ecdsaSha384 };
  throw new Error(`unsupported key type ${key.asymmetricKeyType ?? 'unknown'}`);
}

/** Every node of a cluster asks for the same one. */
const pins = new Map<string, string>();

/** `sha256:<hex>` of the certificate's SubjectPublicKeyInfo, as kubeadm's caCertHashes. */
export function publicKeyPin(certificatePem: string): string {
  const known = pins.get(certificatePem);
  if (known !== undefined) return known;
  const spki = new X509Certificate(certificatePem).publicKey.export({ type: 'spki', format: 'der' });
  const pin = `sha256:${createHash('sha256').update(spki).digest('hex')}`;
  if (pins.size > 100) pins.clear();
  pins.set(certificatePem, pin);
  return pin;
}

/** `peer`: as a server and as a client, as etcd's are. */
type Usage = 'client' | 'server' | 'peer';
const CLIENT_AUTH = oid('1.3.6.1.5.5.7.3.2');
const SERVER_AUTH = oid('1.3.6.1.5.5.7.3.1');
const usageOids: Readonly<Record<Usage, readonly Buffer[]>> = {
  client: [CLIENT_AUTH],
  server: [SERVER_AUTH],
  peer: [SERVER_AUTH, CLIENT_AUTH],
};

export interface LeafOptions {
  readonly commonName: string;
  readonly organizations?: readonly string[];
  readonly usage: Usage;
  readonly dnsNames?: readonly string[];
  readonly ips?: readonly string[];
  readonly days?: number;
}

/** A new key and its certificate by `authority`. Always P-256: a simulated node has no time for RSA. */
export function issueLeaf(authority: SimulatedAuthority, options: LeafOptions): IssuedCertificate {
  const { publicDer, privatePem } = newKeys();
  const names = [
    ...(options.dnsNames ?? []).map((name) => der(0x82, Buffer.from(name))),
    ...(options.ips ?? []).map((ip) => der(0x87, Buffer.from(ip.split('.').map(Number)))),
  ];
  const subjectAltName = names.length === 0 ? undefined : der(SEQUENCE, ...names);
  const certPem = signLeaf(
    authority,
    publicDer,
    nameDer(options.commonName, options.organizations ?? []),
    subjectAltName,
    options,
  );
  return { certPem, keyPem: privatePem };
}

/** A new key and a PKCS#10 request for it. */
export function createRequest(commonName: string, organizations: readonly string[]): { csrPem: string; keyPem: string } {
  const { publicDer, privatePem, privateKey } = newKeys();
  const info = der(SEQUENCE, der(INTEGER, Buffer.from([0])), nameDer(commonName, organizations), publicDer, der(context(0)));
  const csr = der(SEQUENCE, info, ecdsaSha256, bits(sign('sha256', info, privateKey)));
  return { csrPem: pem('CERTIFICATE REQUEST', csr), keyPem: privatePem };
}

export interface ReadRequest {
  readonly commonName: string;
  readonly organizations: readonly string[];
  /** DER of subject, SubjectPublicKeyInfo and, if asked for, the subjectAltName extension's value. */
  readonly subject: Buffer;
  readonly publicKey: Buffer;
  readonly subjectAltName: Buffer | undefined;
}

/** Reads and verifies a PKCS#10 request. @throws Error unreadable or its signature is wrong. */
export function readRequest(csrPem: string): ReadRequest {
  const request = readDer(unpem(csrPem, 'CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST'));
  const info = child(request, 0);
  const subject = child(info, 1);
  const publicKey = child(info, 2).raw;
  const algorithm = child(child(request, 1), 0).raw;
  const hash = signatureHashes.find(([known]) => known.equals(algorithm))?.[1];
  if (hash === undefined) throw new Error('the signature algorithm of the request is not supported');
  const key = createPublicKey({ key: publicKey, format: 'der', type: 'spki' });
  if (!verify(hash, info.raw, key, child(request, 2).content.subarray(1)))
    throw new Error('the signature of the request is wrong');
  return {
    commonName: nameParts(subject, commonNameOid)[0] ?? '',
    organizations: nameParts(subject, organizationOid),
    subject: subject.raw,
    publicKey,
    subjectAltName: requestedAltName(children(info)[3]),
  };
}

/** Signs a request as the controller manager's CSR signer does: subject, names and key of the request, usages given. */
export function signRequest(
  authority: SimulatedAuthority,
  request: ReadRequest,
  options: { usage: 'client' | 'server'; days: number },
): string {
  return signLeaf(authority, request.publicKey, request.subject, request.subjectAltName, options);
}

function signLeaf(
  authority: SimulatedAuthority,
  publicKey: Buffer,
  subject: Buffer,
  subjectAltName: Buffer | undefined,
  options: Pick<LeafOptions, 'usage' | 'days'>,
): string {
  const now = Date.now();
  const end = Math.min(now + (options.days ?? 365) * 86_400_000, Date.parse(authority.certificate.validTo));
  const serial = randomBytes(16);
  // Positive and without a leading zero byte.
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  const extensions = [
    extension('2.5.29.19', true, der(SEQUENCE)),
    // digitalSignature, keyEncipherment
    extension('2.5.29.15', true, bits(Buffer.from([0xa0]), 5)),
    extension('2.5.29.37', false, der(SEQUENCE, ...usageOids[options.usage])),
    ...(subjectAltName ? [extension('2.5.29.17', false, subjectAltName)] : []),
  ];
  const body = der(
    SEQUENCE,
    der(context(0), der(INTEGER, Buffer.from([2]))),
    der(INTEGER, serial),
    authority.algorithm.identifier,
    authority.issuer,
    der(SEQUENCE, time(new Date(now - 5 * 60_000)), time(new Date(end))),
    subject,
    publicKey,
    der(context(3), der(SEQUENCE, ...extensions)),
  );
  const signature = sign(authority.algorithm.hash, body, authority.key);
  return pem('CERTIFICATE', der(SEQUENCE, body, authority.algorithm.identifier, bits(signature)));
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  return der(SEQUENCE, oid(id), ...(critical ? [BOOLEAN_TRUE] : []), der(OCTET_STRING, value));
}

function nameDer(commonName: string, organizations: readonly string[]): Buffer {
  const part = (type: Buffer, text: string): Buffer => der(SET, der(SEQUENCE, type, der(UTF8_STRING, Buffer.from(text))));
  return der(SEQUENCE, ...organizations.map((name) => part(organizationOid, name)), part(commonNameOid, commonName));
}

function nameParts(name: DerNode, type: Buffer): string[] {
  return children(name)
    .flatMap((set) => children(set))
    .filter((part) => child(part, 0).raw.equals(type))
    .map((part) => child(part, 1).content.toString('utf8'));
}

/** The subjectAltName among the extensions a request asks for. */
function requestedAltName(attributes: DerNode | undefined): Buffer | undefined {
  const wanted = attributes && children(attributes).find((attribute) => child(attribute, 0).raw.equals(extensionRequestOid));
  if (!wanted) return undefined;
  const found = children(child(child(wanted, 1), 0)).find((entry) => child(entry, 0).raw.equals(subjectAltNameOid));
  return found && children(found).at(-1)?.content;
}

function newKeys(): { publicDer: Buffer; privatePem: string; privateKey: KeyObject } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    publicDer: publicKey.export({ type: 'spki', format: 'der' }),
    privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    privateKey,
  };
}
