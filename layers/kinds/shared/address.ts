/** IP addresses and ranges in objects (apimachinery `util/validation/ip.go`): the strict forms that new objects must have. */
import { isIP, isIPv4, isIPv6 } from 'node:net';
import { type FieldError, invalid } from '#machinery/field-error.ts';

const EXAMPLE_IP = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
const EXAMPLE_CIDR = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';
const IPV4_IN_6 = 'must not be an IPv4-mapped IPv6 address';
const LEADING_ZEROS = 'must not have leading 0s';

export type Family = 4 | 6;

/** The eight groups of an IPv6 address, or the four bytes of an IPv4 one; `undefined` for anything else. Zones are refused. */
export function addressBytes(text: string): readonly number[] | undefined {
  if (text.includes('%')) return undefined;
  if (isIPv4(text)) return text.split('.').map(Number);
  if (!isIPv6(text)) return undefined;
  let plain = text;
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  if (dotted !== null) {
    const [a, b, c, d] = dotted.slice(2).map(Number) as [number, number, number, number];
    plain = `${dotted[1]}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  }
  const [head = '', tail] = plain.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = tail === undefined ? left : [...left, ...Array.from({ length: 8 - left.length - right.length }, () => '0'), ...right];
  return groups.flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

const isMapped = (bytes: readonly number[]): boolean => bytes.length === 16 && bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
const LOOSE_V4 = /^\d+\.\d+\.\d+\.\d+$/;

export function ipMessage(text: string): string | undefined {
  if (isIP(text) === 0 || text.includes('%')) {
    const trimmed = LOOSE_V4.test(text) ? text.split('.').map(Number).join('.') : '';
    return trimmed !== text && isIPv4(trimmed) ? LEADING_ZEROS : EXAMPLE_IP;
  }
  return isIPv6(text) && isMapped(addressBytes(text)!) ? IPV4_IN_6 : undefined;
}

export function checkIP(errors: FieldError[], field: string, text: string): boolean {
  const message = ipMessage(text);
  if (message === undefined) return true;
  errors.push(invalid(field, text, message));
  return false;
}

export const familyOf = (text: string): Family | undefined => (isIPv4(text) ? 4 : isIPv6(text) ? 6 : undefined);

/** RFC 5952: what `netip.Addr.String` prints. */
export function canonicalIP(text: string): string {
  const bytes = addressBytes(text);
  if (bytes === undefined) return text;
  if (bytes.length === 4) return bytes.join('.');
  const groups: number[] = [];
  for (let at = 0; at < 16; at += 2) groups.push((bytes[at]! << 8) | bytes[at + 1]!);
  let best = -1;
  let bestLength = 1;
  for (let at = 0; at < 8; at++) {
    let end = at;
    while (end < 8 && groups[end] === 0) end++;
    if (end - at > bestLength) [best, bestLength] = [at, end - at];
    if (end > at) at = end;
  }
  const hex = groups.map((group) => group.toString(16));
  return best < 0 ? hex.join(':') : `${hex.slice(0, best).join(':')}::${hex.slice(best + bestLength).join(':')}`;
}

interface Cidr {
  readonly bytes: readonly number[];
  readonly bits: number;
}

export function parseCIDR(text: string): Cidr | undefined {
  const match = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text);
  if (match === null) return undefined;
  const bytes = addressBytes(match[1]!);
  const bits = Number(match[2]);
  return bytes === undefined || bits > bytes.length * 8 ? undefined : { bytes, bits };
}

/** The network's address: every bit behind the prefix cleared. */
export function networkOf({ bytes, bits }: Cidr): readonly number[] {
  return bytes.map((byte, at) => byte & (0xff << Math.max(0, 8 - Math.max(0, bits - at * 8))) & 0xff);
}

/** `field` once for each thing wrong, as `IsValidCIDR` has it for fields that name a network. */
export function checkCIDR(errors: FieldError[], field: string, text: string): Cidr | undefined {
  const cidr = parseCIDR(text);
  if (cidr === undefined) {
    const loose = /^(\d+\.\d+\.\d+\.\d+)\/(\d+)$/.exec(text);
    const trimmed = loose === null ? undefined : parseCIDR(`${loose[1]!.split('.').map(Number).join('.')}/${Number(loose[2])}`);
    errors.push(invalid(field, text, trimmed === undefined ? EXAMPLE_CIDR : 'must not have leading 0s in IP or prefix length'));
    return undefined;
  }
  if (isMapped(cidr.bytes)) errors.push(invalid(field, text, 'must not have an IPv4-mapped IPv6 address'));
  const network = networkOf(cidr);
  if (network.some((byte, at) => byte !== cidr.bytes[at])) errors.push(invalid(field, text, 'must not have bits set beyond the prefix length'));
  return cidr;
}

/** Addresses that no service or endpoint may have. */
export function checkNotSpecial(errors: FieldError[], field: string, text: string): void {
  const bytes = addressBytes(text);
  if (bytes === undefined) {
    errors.push(invalid(field, text, 'must be a valid IP address'));
    return;
  }
  const v4 = bytes.length === 4;
  if (bytes.every((byte) => byte === 0)) errors.push(invalid(field, text, `may not be unspecified (${text})`));
  if (v4 ? bytes[0] === 127 : bytes.every((byte, at) => byte === (at === 15 ? 1 : 0))) errors.push(invalid(field, text, 'may not be in the loopback range (127.0.0.0/8, ::1/128)'));
  if (v4 ? bytes[0] === 169 && bytes[1] === 254 : bytes[0] === 0xfe && (bytes[1]! & 0xc0) === 0x80)
    errors.push(invalid(field, text, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'));
  if (v4 ? bytes[0] === 224 && bytes[1] === 0 && bytes[2] === 0 : bytes[0] === 0xff && (bytes[1]! & 0x0f) === 2)
    errors.push(invalid(field, text, 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'));
}
