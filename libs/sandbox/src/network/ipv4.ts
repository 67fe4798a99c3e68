/** An IPv4 range: first and last address as numbers. */
export interface Range {
  readonly first: number;
  readonly last: number;
}

/** @returns the address as a number, undefined when it is none */
export function parseAddress(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let value = 0;
  for (const part of parts) {
    if (!/^\d{1,3}$/.test(part) || Number(part) > 255) return undefined;
    value = value * 256 + Number(part);
  }
  return value;
}

export const formatAddress = (value: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');

/** @returns first to last address of a CIDR (host bits cleared), undefined when it is none */
export function parseCidr(text: string): (Range & { readonly prefix: number }) | undefined {
  const [address, length, ...rest] = text.split('/');
  const value = parseAddress(address ?? '');
  const prefix = length === undefined ? 32 : /^\d{1,2}$/.test(length) ? Number(length) : 33;
  if (value === undefined || prefix > 32 || rest.length > 0) return undefined;
  const size = 2 ** (32 - prefix);
  const first = Math.floor(value / size) * size;
  return { first, last: first + size - 1, prefix };
}

export const overlap = (a: Range, b: Range): boolean => a.first <= b.last && b.first <= a.last;
export const contains = (range: Range, value: number): boolean => value >= range.first && value <= range.last;
