/** IPv4 address ranges as text and numbers. IPv6 is not taken yet: `parseCidr` answers null. */
export interface Cidr {
  readonly text: string;
  /** First address as an unsigned 32-bit number. */
  readonly first: number;
  readonly last: number;
  readonly prefix: number;
}

const OCTET = '(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
const IPV4 = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`);

export const isIpv4 = (text: string): boolean => IPV4.test(text);

/** Reads `10.0.0.0/24`. Null when it is not such, or when bits behind the prefix are set. */
export function parseCidr(text: string): Cidr | null {
  const [address = '', length = '', ...rest] = text.split('/');
  if (rest.length > 0 || !isIpv4(address) || !/^(?:[0-9]|[12][0-9]|3[0-2])$/.test(length)) return null;
  const prefix = Number(length);
  const size = 2 ** (32 - prefix);
  const first = toNumber(address);
  return first % size === 0 ? { text, first, last: first + size - 1, prefix } : null;
}

export function cidrsOverlap(a: Cidr, b: Cidr): boolean {
  return a.first <= b.last && b.first <= a.last;
}

/** The n-th address of a range, counted from 0. */
export function addressAt(cidr: Cidr, n: number): string {
  const value = cidr.first + n;
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

function toNumber(address: string): number {
  return address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
}
