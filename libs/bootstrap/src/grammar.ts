import { InvalidInput, isIpv4, parseCidr } from '#libs/domain';

/** What text must look like before it may enter a file on a node. Every pattern is an allow-list and anchored. */
const GRAMMARS = {
  uuid: [/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'a uuid'],
  nodeName: [/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'a lower-case RFC 1123 label'],
  clusterName: [/^[a-zA-Z][a-zA-Z0-9_.-]{0,241}$/, 'letters, digits, _ . -, beginning with a letter'],
  nonce: [/^[A-Za-z0-9_-]{43}$/, '43 base64url characters'],
  endpoint: [/^https:\/\/[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(:[0-9]{1,5})?$/, 'https://host:port'],
  version: [/^v1\.[0-9]{1,3}\.[0-9]{1,3}$/, 'a version such as v1.36.4'],
  bootstrapToken: [/^[a-z0-9]{6}\.[a-z0-9]{16}$/, 'a bootstrap token'],
  caCertHash: [/^sha256:[0-9a-f]{64}$/, 'sha256:<64 hexadecimal digits>'],
  host: [/^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/, 'a DNS name or an IPv4 address'],
  registry: [/^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(:[0-9]{1,5})?$/, 'host or host:port'],
  repository: [/^(?!.*\.\.)[a-z0-9]([a-z0-9._:/-]{0,200}[a-z0-9])?$/, 'a registry and path'],
  proxy: [
    /^https?:\/\/([A-Za-z0-9._~!*+=%-]{1,64}(:[A-Za-z0-9._~!*+=%-]{0,128})?@)?[A-Za-z0-9]([A-Za-z0-9.-]{0,200}[A-Za-z0-9])?(:[0-9]{1,5})?\/?$/,
    'http://[user:password@]host[:port]',
  ],
  url: [/^(?!.*\.\.)https:\/\/[A-Za-z0-9][A-Za-z0-9._~:/@%+-]{0,240}$/, 'an https URL'],
  artifactUrl: [/^(?!.*\.\.)https?:\/\/[A-Za-z0-9][A-Za-z0-9._~:/?#@!&=%+-]{0,240}$/, 'a URL'],
  mirrorUrl: [/^(?!.*\.\.)https?:\/\/[A-Za-z0-9][A-Za-z0-9._~:/%+-]{0,240}$/, 'a URL'],
  sha256: [/^[0-9a-f]{64}$/, '64 hexadecimal digits'],
  labelKey: [
    /^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/,
    'a Kubernetes label key',
  ],
  labelValue: [/^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$/, 'a Kubernetes label value'],
  taintEffect: [/^(NoSchedule|PreferNoSchedule|NoExecute)$/, 'NoSchedule, PreferNoSchedule or NoExecute'],
  certificate: [/^(-----BEGIN CERTIFICATE-----\r?\n[A-Za-z0-9+/=\r\n]+-----END CERTIFICATE-----\r?\n?)+$/, 'PEM certificates'],
  publicKey: [/^(-----BEGIN PUBLIC KEY-----\r?\n[A-Za-z0-9+/=\r\n]+-----END PUBLIC KEY-----\r?\n?)+$/, 'PEM public keys'],
  privateKey: [
    /^-----BEGIN (?:RSA |EC )?PRIVATE KEY-----\r?\n[A-Za-z0-9+/=\r\n]+-----END (?:RSA |EC )?PRIVATE KEY-----\r?\n?$/,
    'a PEM private key',
  ],
} as const satisfies Record<string, readonly [RegExp, string]>;

export type Grammar = keyof typeof GRAMMARS;

/**
 * Text that may enter a file, or InvalidInput 'invalid-value' naming the field. The value itself is told only in part,
 * and never when the field is secret.
 */
export function checked(grammar: Grammar, field: string, value: string): string {
  const [pattern, expected] = GRAMMARS[grammar];
  if (pattern.test(value)) return value;
  throw refusal(field, expected, SECRET.has(grammar) ? undefined : value);
}

const SECRET = new Set<Grammar>(['nonce', 'bootstrapToken', 'privateKey', 'proxy']);

export function checkedCidr(field: string, value: string): string {
  if (parseCidr(value)) return value;
  throw refusal(field, 'an IPv4 range such as 10.0.0.0/24', value);
}

export function checkedPort(field: string, value: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= 65535) return value;
  throw refusal(field, 'a port number', String(value));
}

const NO_PROXY_ITEM = /^(\*|\.?[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(:[0-9]{1,5})?)$/;

/** A comma list of hosts, domains, addresses and ranges. */
export function checkedNoProxy(field: string, value: string): string[] {
  const items = value.split(',').map((item) => item.trim());
  const good = (item: string): boolean => isIpv4(item) || parseCidr(item) !== null || NO_PROXY_ITEM.test(item);
  if (!/[\r\n]/.test(value) && items.every((item) => item === '' || good(item))) return items.filter((item) => item !== '');
  throw refusal(field, 'a comma list of hosts, domains and IPv4 ranges', value);
}

function refusal(field: string, expected: string, value?: string): InvalidInput {
  const shown = value === undefined ? '' : ` ${JSON.stringify(value.slice(0, 80))}`;
  return new InvalidInput('invalid-value', `${field}${shown} is not ${expected}.`, { field });
}
