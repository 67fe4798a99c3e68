import { createHash, X509Certificate } from 'node:crypto';
import { x509 } from './x509.js';
import { type CertificateAuthority, DAY_MS, distinguishedName, selfSign } from './certificate.js';
import { generateKeys, type KeyAlgorithm, type KeyPair, spkiOf } from './keys.js';

/** kubeadm's own authorities live as long. */
const AUTHORITY_DAYS = 3650;
/** X.520's ub-common-name: longer common names are refused by OpenSSL and by Python's cryptography. */
const COMMON_NAME_CHARACTERS = 64;

/** Everything a cluster's control plane is built on. Kept sealed; the cluster's nodes are the only others to see the keys. */
export interface ClusterAuthorities {
  /** Signs API server, kubelets, users. */
  readonly ca: CertificateAuthority;
  readonly etcdCa: CertificateAuthority;
  /** Signs the client certificate with which the API server speaks to aggregated API servers. */
  readonly frontProxyCa: CertificateAuthority;
  /** Signs service-account tokens: `sa.key` and `sa.pub`. */
  readonly serviceAccount: KeyPair;
}

/**
 * Makes a cluster's three authorities, as Magnum names them (all three by the cluster's name), and its service-account
 * key. Not repeatable: each call makes new ones. About 0.2 s, nearly all of it for the RSA key in the thread pool.
 * @param clusterName becomes the common name, its first 64 characters
 * @param algorithm of the authorities' keys; see `KeyAlgorithm`
 * Source: magnum common/cert_manager, common/x509/operations.py 2025.1; kubeadm certificates, 1.36
 */
export async function createClusterAuthorities(
  clusterName: string,
  algorithm: KeyAlgorithm = 'ecdsa-p256',
): Promise<ClusterAuthorities> {
  const [ca, etcdCa, frontProxyCa, serviceAccount] = await Promise.all([
    createAuthority(clusterName, algorithm),
    createAuthority(clusterName, algorithm),
    createAuthority(clusterName, algorithm),
    generateKeys('rsa-2048'),
  ]);
  return { ca, etcdCa, frontProxyCa, serviceAccount };
}

/** The authority of the listener that nodes fetch their bundles from; its certificate is what user data pins. */
export function createBootstrapAuthority(): Promise<CertificateAuthority> {
  return createAuthority('jeroboam bootstrap', 'ecdsa-p256');
}

/**
 * A self-signed authority for ten years, valid from a day ago so that no node's clock is behind it. It signs leaves only
 * (path length 0).
 */
export async function createAuthority(commonName: string, algorithm: KeyAlgorithm): Promise<CertificateAuthority> {
  const { privatePem } = await generateKeys(algorithm);
  const now = Date.now();
  const certPem = await selfSign(
    {
      subject: distinguishedName([['CN', Array.from(commonName).slice(0, COMMON_NAME_CHARACTERS).join('')]]),
      publicKey: spkiOf(privatePem),
      notBefore: new Date(now - DAY_MS),
      notAfter: new Date(now + AUTHORITY_DAYS * DAY_MS),
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      ],
    },
    privatePem,
  );
  return { certPem, keyPem: privatePem };
}

/**
 * The pin of a certificate's public key, `sha256:` and 64 hex digits: what `caCertHashes` of kubeadm's JoinConfiguration
 * takes. Source: kubernetes cmd/kubeadm/app/util/pubkeypin, 1.36.
 */
export function spkiPin(certPem: string): string {
  const spki = new X509Certificate(certPem).publicKey.export({ type: 'spki', format: 'der' });
  return `sha256:${createHash('sha256').update(spki).digest('hex')}`;
}

/** The certificates of a PEM bundle, one by one. */
export function certificatesOf(bundlePem: string): string[] {
  return Array.from(bundlePem.matchAll(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g), ([pem]) => `${pem}\n`);
}
