import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  randomBytes,
  webcrypto,
  X509Certificate,
  type KeyObject,
} from 'node:crypto';

type WebKey = webcrypto.CryptoKey;
type SigningAlgorithm = webcrypto.EcdsaParams | webcrypto.Algorithm;

/** A certificate authority as it lies on a simulated disk, ready to sign. */
export interface SimulatedAuthority {
  readonly certificate: X509Certificate;
  readonly certificatePem: string;
  readonly issuer: string;
  readonly key: WebKey;
  readonly algorithm: SigningAlgorithm;
  readonly publicKey: KeyObject;
}

export interface IssuedCertificate {
  readonly certPem: string;
  readonly keyPem: string;
}

/** Reads a CA. @throws Error in openssl-like words: unreadable, not a CA, or a key that is not the certificate's. */
export async function readAuthority(certificatePem: string, keyPem: string): Promise<SimulatedAuthority> {
  const certificate = new X509Certificate(certificatePem);
  const key = createPrivateKey(keyPem);
  if (!certificate.ca) throw new Error('the certificate is not a CA');
  if (!certificate.checkPrivateKey(key)) throw new Error('private key does not match the certificate');
  const { importParams, algorithm } = algorithmOf(key);
  const pkcs8 = key.export({ type: 'pkcs8', format: 'der' });
  return {
    certificate,
    certificatePem,
    issuer: new x509.X509Certificate(certificatePem).subject,
    key: await webcrypto.subtle.importKey('pkcs8', pkcs8, importParams, false, ['sign']),
    algorithm,
    publicKey: createPublicKey(key),
  };
}

function algorithmOf(key: KeyObject): {
  importParams: webcrypto.EcKeyImportParams | webcrypto.RsaHashedImportParams;
  algorithm: SigningAlgorithm;
} {
  if (key.asymmetricKeyType === 'rsa') {
    const name = 'RSASSA-PKCS1-v1_5';
    return { importParams: { name, hash: 'SHA-256' }, algorithm: { name } };
  }
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (key.asymmetricKeyType === 'ec' && (curve === 'prime256v1' || curve === 'secp384r1')) {
    const p256 = curve === 'prime256v1';
    return {
      importParams: { name: 'ECDSA', namedCurve: p256 ? 'P-256' : 'P-384' },
      algorithm: { name: 'ECDSA', hash: p256 ? 'SHA-256' : 'SHA-384' },
    };
  }
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

export interface LeafOptions {
  readonly commonName: string;
  readonly organizations?: readonly string[];
  readonly usage: 'client' | 'server';
  readonly dnsNames?: readonly string[];
  readonly ips?: readonly string[];
  readonly days?: number;
}

const subjectAlternativeName = '2.5.29.17';
const leafKey: webcrypto.EcKeyGenParams = { name: 'ECDSA', namedCurve: 'P-256' };

/** A new key and its certificate by `authority`. Always P-256: a simulated node has no time for RSA. */
export async function issueLeaf(authority: SimulatedAuthority, options: LeafOptions): Promise<IssuedCertificate> {
  const keys = await webcrypto.subtle.generateKey(leafKey, true, ['sign', 'verify']);
  const certPem = await signLeaf(authority, keys.publicKey, subjectOf(options), options);
  return { certPem, keyPem: await privatePem(keys.privateKey) };
}

/** A new key and a PKCS#10 request for it. */
export async function createRequest(
  commonName: string,
  organizations: readonly string[],
): Promise<{ csrPem: string; keyPem: string }> {
  const keys = await webcrypto.subtle.generateKey(leafKey, true, ['sign', 'verify']);
  const csr = await x509.Pkcs10CertificateRequestGenerator.create({
    name: subjectOf({ commonName, organizations }),
    keys,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
  });
  return { csrPem: csr.toString('pem'), keyPem: await privatePem(keys.privateKey) };
}

export interface ReadRequest {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly csr: x509.Pkcs10CertificateRequest;
}

/** Reads and verifies a PKCS#10 request. @throws Error unreadable or its signature is wrong. */
export async function readRequest(csrPem: string): Promise<ReadRequest> {
  const csr = new x509.Pkcs10CertificateRequest(csrPem);
  if (!(await csr.verify())) throw new Error('the signature of the request is wrong');
  return {
    commonName: csr.subjectName.getField('CN')[0] ?? '',
    organizations: csr.subjectName.getField('O'),
    csr,
  };
}

/** Signs a request as the controller manager's CSR signer does: subject and key of the request, usages given. */
export async function signRequest(
  authority: SimulatedAuthority,
  request: ReadRequest,
  options: { usage: 'client' | 'server'; days: number },
): Promise<string> {
  const extension = request.csr.getExtension(subjectAlternativeName);
  const names = extension ? new x509.SubjectAlternativeNameExtension(extension.rawData).names.items : [];
  return signLeaf(authority, request.csr.publicKey, request.csr.subject, {
    ...options,
    dnsNames: names.filter((name) => name.type === 'dns').map((name) => name.value),
    ips: names.filter((name) => name.type === 'ip').map((name) => name.value),
  });
}

async function signLeaf(
  authority: SimulatedAuthority,
  publicKey: x509.PublicKeyType,
  subject: string | x509.JsonName,
  options: Pick<LeafOptions, 'usage' | 'dnsNames' | 'ips' | 'days'>,
): Promise<string> {
  const names: x509.JsonGeneralName[] = [
    ...(options.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })),
    ...(options.ips ?? []).map((value) => ({ type: 'ip' as const, value })),
  ];
  const now = Date.now();
  const caEnd = Date.parse(authority.certificate.validTo);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: `00${randomBytes(8).toString('hex')}`.replace(/^00(?=[0-7])/, ''),
    subject,
    issuer: authority.issuer,
    notBefore: new Date(now - 5 * 60_000),
    notAfter: new Date(Math.min(now + (options.days ?? 365) * 86_400_000, caEnd)),
    publicKey,
    signingKey: authority.key,
    signingAlgorithm: authority.algorithm as x509.HashedAlgorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment, true),
      new x509.ExtendedKeyUsageExtension([
        options.usage === 'client' ? x509.ExtendedKeyUsage.clientAuth : x509.ExtendedKeyUsage.serverAuth,
      ]),
      ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
    ],
  });
  return `${certificate.toString('pem')}\n`;
}

function subjectOf(options: { commonName: string; organizations?: readonly string[] }): x509.JsonName {
  return [...(options.organizations ?? []).map((value) => ({ O: [value] })), { CN: [options.commonName] }];
}

async function privatePem(key: WebKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`;
}
