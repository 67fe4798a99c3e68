import { x509 } from './x509.js';
import { InvalidInput } from '#libs/domain';

/** Extensions that a request may ask for. Source: magnum conf/x509.py, `allowed_extensions`, 2025.1. */
const ALLOWED: ReadonlySet<string> = new Set([
  '2.5.29.14', // subjectKeyIdentifier
  '2.5.29.15', // keyUsage
  '2.5.29.17', // subjectAltName
  '2.5.29.19', // basicConstraints
  '2.5.29.37', // extendedKeyUsage
]);

/** Source: magnum conf/x509.py, `allowed_key_usage`, 2025.1. */
const ALLOWED_USAGES =
  x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.nonRepudiation | x509.KeyUsageFlags.keyEncipherment;

/** What people call them; the others are told by their object identifier. */
const NAMES: Readonly<Record<string, string>> = {
  '2.5.29.9': 'subjectDirectoryAttributes',
  '2.5.29.14': 'subjectKeyIdentifier',
  '2.5.29.15': 'keyUsage',
  '2.5.29.17': 'subjectAltName',
  '2.5.29.18': 'issuerAltName',
  '2.5.29.19': 'basicConstraints',
  '2.5.29.30': 'nameConstraints',
  '2.5.29.31': 'cRLDistributionPoints',
  '2.5.29.32': 'certificatePolicies',
  '2.5.29.33': 'policyMappings',
  '2.5.29.35': 'authorityKeyIdentifier',
  '2.5.29.36': 'policyConstraints',
  '2.5.29.37': 'extendedKeyUsage',
  '2.5.29.46': 'freshestCRL',
  '2.5.29.54': 'inhibitAnyPolicy',
  '1.3.6.1.5.5.7.1.1': 'authorityInfoAccess',
  '1.3.6.1.5.5.7.1.24': 'TLSFeature',
};

/**
 * The extensions of a request that go into the certificate. What Magnum does not allow is left out, or refused when the
 * request says that it is critical: unknown extensions, the CA flag, other key usages than digital signature, key
 * encipherment and non-repudiation.
 * @throws InvalidInput `extension-not-allowed`
 * Source: magnum common/x509/validator.py, 2025.1
 */
export function allowedExtensions(requested: readonly x509.Extension[]): x509.Extension[] {
  return requested.flatMap((extension) => {
    if (!ALLOWED.has(extension.type)) return leaveOut(extension);
    if (extension instanceof x509.BasicConstraintsExtension && extension.ca) {
      return [...leaveOut(extension), new x509.BasicConstraintsExtension(false)];
    }
    if (extension instanceof x509.KeyUsagesExtension) return allowedUsages(extension);
    return [extension];
  });
}

function allowedUsages(extension: x509.KeyUsagesExtension): x509.Extension[] {
  const usages: number = extension.usages;
  const refused = usages & ~ALLOWED_USAGES;
  if (refused === 0 && usages !== 0) return [extension];
  leaveOut(extension);
  // RFC 5280, 4.2.1.3: where the extension is, at least one usage is.
  const kept = usages & ALLOWED_USAGES;
  return kept === 0 ? [] : [new x509.KeyUsagesExtension(kept)];
}

function leaveOut({ critical, type }: x509.Extension): [] {
  if (!critical) return [];
  const name = NAMES[type] ?? type;
  throw new InvalidInput('extension-not-allowed', `Extension '${name}' not allowed`, { extension: name });
}
