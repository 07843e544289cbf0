/** Slices of an IPv4 range, by number: slice 0 is the first of its size. */
export interface Cidr {
  /** The first address as a number. */
  readonly base: number;
  readonly bits: number;
}

/** @throws RangeError for anything but an IPv4 range with its host bits zero */
export function parseCidr(text: string): Cidr {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  const [a, b, c, d, bits] = match?.slice(1).map(Number) ?? [];
  if (match === null || [a!, b!, c!, d!].some((part) => part > 255) || bits! > 32) throw new RangeError(`no IPv4 range: ${text}`);
  const base = a! * 2 ** 24 + b! * 2 ** 16 + c! * 2 ** 8 + d!;
  if (base % 2 ** (32 - bits!) !== 0) throw new RangeError(`no IPv4 range: ${text} has host bits`);
  return { base, bits: bits! };
}

export function formatCidr({ base, bits }: Cidr): string {
  return `${[24, 16, 8, 0].map((shift) => Math.floor(base / 2 ** shift) % 256).join('.')}/${bits}`;
}

export const sliceCount = (range: Cidr, sliceBits: number): number => 2 ** Math.max(0, sliceBits - range.bits);
export const slice = (range: Cidr, sliceBits: number, index: number): Cidr => ({ base: range.base + index * 2 ** (32 - sliceBits), bits: sliceBits });

/** The numbers of the slices that another range touches. */
export function touched(range: Cidr, sliceBits: number, other: Cidr): number[] {
  const size = 2 ** (32 - sliceBits);
  const first = Math.max(0, Math.floor((other.base - range.base) / size));
  const last = Math.min(sliceCount(range, sliceBits) - 1, Math.floor((other.base + 2 ** (32 - other.bits) - 1 - range.base) / size));
  return last < first ? [] : Array.from({ length: last - first + 1 }, (_, i) => first + i);
}
