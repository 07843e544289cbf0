/**
 * IPv4 addresses and ranges as numbers (host byte order, 0 to 2^32-1) and back. Every public shape of the network speaks text, so that
 * IPv6 adds a second family beside this one and changes no caller.
 */
import { isIPv6 } from 'node:net';

export class AddressError extends Error {
  readonly code = 'BAD_ADDRESS';
}

export interface Cidr {
  readonly base: number;
  readonly prefix: number;
  /** Number of addresses. */
  readonly size: number;
}

const OCTETS = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/** Strict: four decimal parts without leading zeros. */
export const isIPv4 = (text: string): boolean => OCTETS.test(text);

export const isPort = (value: unknown): value is number => typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65_535;

export function parseIPv4(text: string): number {
  if (!isIPv4(text)) throw new AddressError(`not an IPv4 address: ${JSON.stringify(text)}`);
  const [a, b, c, d] = text.split('.').map(Number) as [number, number, number, number];
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}

export const formatIPv4 = (value: number): string => `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;

/** `10.1.2.0/24`; bits behind the prefix are cleared. */
export function parseCidr(text: string): Cidr {
  const [address = '', length = ''] = text.split('/');
  const prefix = Number(length);
  if (!/^\d{1,2}$/.test(length) || prefix > 32) throw new AddressError(`not an IPv4 range: ${JSON.stringify(text)}`);
  const size = 2 ** (32 - prefix);
  return { base: Math.floor(parseIPv4(address) / size) * size, prefix, size };
}

export const formatCidr = (cidr: Cidr): string => `${formatIPv4(cidr.base)}/${cidr.prefix}`;

export const inCidr = (cidr: Cidr, address: number): boolean => address >= cidr.base && address < cidr.base + cidr.size;

export const overlaps = (a: Cidr, b: Cidr): boolean => a.base < b.base + b.size && b.base < a.base + a.size;

/** The sixteen bytes of an IPv6 address in any of its usual spellings. */
export function ipv6Bytes(text: string): Uint8Array {
  if (!isIPv6(text)) throw new AddressError(`not an IPv6 address: ${JSON.stringify(text)}`);
  const tail = /[^:]*\.[^:]*$/.exec(text)?.[0];
  const hex =
    tail === undefined
      ? text
      : text.replace(
          tail,
          parseIPv4(tail)
            .toString(16)
            .padStart(8, '0')
            .replace(/^(....)/, '$1:'),
        );
  const [before = '', after] = hex.split('::');
  const groups = (part: string): number[] => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)));
  const left = groups(before);
  const right = groups(after ?? '');
  const all = [...left, ...Array.from({ length: 8 - left.length - right.length }, () => 0), ...right];
  return Uint8Array.from(all.flatMap((group) => [group >> 8, group & 255]));
}
