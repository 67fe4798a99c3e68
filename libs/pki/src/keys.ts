import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject, webcrypto } from 'node:crypto';
import { promisify } from 'node:util';

/**
 * What kind of key is made.
 *
 * Certificates get ECDSA P-256. Magnum's own authorities are RSA 2048, but nothing that reads ours needs that: kubeadm,
 * kubectl and every TLS stack of the last decade take P-256, and k3s has given it to each of its clusters from the
 * start. A pair takes 0.1 ms to make; four RSA pairs took 0.8 s (median, 1.8 s worst, two cores), and keep the thread
 * pool busy that name look-ups share. The service-account key is RSA 2048 all the same: its signatures leave the cluster
 * as tokens, and RS256 is the one algorithm that every OpenID Connect relying party must know.
 */
export type KeyAlgorithm = 'ecdsa-p256' | 'rsa-2048';

/** A key pair in PEM: PKCS#8 and SubjectPublicKeyInfo, as kubeadm, etcd and OpenSSL read them. Lines end the text. */
export interface KeyPair {
  readonly publicPem: string;
  readonly privatePem: string;
}

const make = promisify(generateKeyPair);

/** Makes a key pair in the thread pool. */
export async function generateKeys(algorithm: KeyAlgorithm): Promise<KeyPair> {
  const { publicKey, privateKey } =
    algorithm === 'rsa-2048' ? await make('rsa', { modulusLength: 2048 }) : await make('ec', { namedCurve: 'P-256' });
  return {
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/** The DER of a public key (SubjectPublicKeyInfo), of its own PEM or of the private key's. */
export function spkiOf(pem: string): Buffer {
  return createPublicKey(pem).export({ type: 'spki', format: 'der' });
}

/** The private key as WebCrypto signs with it; not extractable. RSA signs PKCS#1 v1.5, always with SHA-256. */
export async function signingKey(privatePem: string): Promise<webcrypto.CryptoKey> {
  const key = createPrivateKey(privatePem);
  const der = key.export({ type: 'pkcs8', format: 'der' });
  return webcrypto.subtle.importKey('pkcs8', der, signingAlgorithm(key), false, ['sign']);
}

function signingAlgorithm(key: KeyObject): webcrypto.EcKeyImportParams | webcrypto.RsaHashedImportParams {
  if (key.asymmetricKeyType === 'rsa') return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  if (key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return { name: 'ECDSA', namedCurve: 'P-256' };
  throw new TypeError(`authorities sign with RSA or ECDSA P-256, not ${key.asymmetricKeyType ?? 'this key'}`);
}
