/** IPv4 arithmetic of a service range, on plain integers. */

export interface Range {
  readonly base: number;
  readonly size: number;
  readonly cidr: string;
}

export function parseAddress(text: string): number | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  return parts === undefined || parts.some((part) => part > 255) ? undefined : ((parts[0]! << 24) | (parts[1]! << 16) | (parts[2]! << 8) | parts[3]!) >>> 0;
}

export const formatAddress = (address: number): string => [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');

export function parseRange(cidr: string): Range {
  const [text, bits] = cidr.split('/');
  const address = parseAddress(text ?? '');
  const prefix = Number(bits);
  if (address === undefined || !Number.isInteger(prefix) || prefix < 8 || prefix > 30) throw new Error(`${cidr} is not an IPv4 range of services (/8 to /30)`);
  const size = 2 ** (32 - prefix);
  return { base: (address & ~(size - 1)) >>> 0, size, cidr };
}

/** The network and broadcast addresses are nobody's. */
export const contains = (range: Range, address: number): boolean => address > range.base && address < range.base + range.size - 1;

/** The lower part is left to services that ask for an address, up to 256 of them (KEP-3070). */
export const staticBand = (range: Range): number => Math.min(Math.max(16, Math.floor(range.size / 16)), 256);
