export { KeyRing, SecretUnreadable, type RingKey, type Sealed } from './key-ring.js';
export {
  bootstrapToken,
  isNodeNonce,
  isReportToken,
  isSignalToken,
  nodeNonce,
  reportToken,
  signalToken,
} from './bootstrap-secrets.js';
export { generateKeys, type KeyAlgorithm, type KeyPair } from './keys.js';
export type { CertificateAndKey, CertificateAuthority } from './certificate.js';
export {
  certificatesOf,
  type ClusterAuthorities,
  createAuthority,
  createBootstrapAuthority,
  createClusterAuthorities,
  spkiPin,
} from './authority.js';
export {
  type ClientCertificateOptions,
  issueClientCertificate,
  issueServerCertificate,
  type ServerCertificateOptions,
} from './issue.js';
export { MAX_CSR_BYTES, signCsr, type SignCsrOptions } from './sign-csr.js';
