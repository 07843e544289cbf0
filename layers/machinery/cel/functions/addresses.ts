/** `ip`, `cidr` and their methods (apiserver `pkg/cel/library`): Go's `netip` reading, no zones, no mapped addresses. */
import { isIPv4, isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';
import { CelEvaluationError } from '../api.ts';
import { Opaque } from '../values.ts';
import { overload, type Overload } from './declare.ts';

const fail = (message: string): never => {
  throw new CelEvaluationError(message);
};

interface Address {
  readonly bytes: readonly number[];
  readonly text: string;
}

/** The text of what is wrong, or the address. */
function readAddress(text: string): Address | string {
  if (isIPv4(text)) {
    const bytes = text.split('.').map(Number);
    return { bytes, text: bytes.join('.') };
  }
  if (!isIPv6(text)) return `IP Address ${JSON.stringify(text)} parse error during conversion from string: ParseAddr(${JSON.stringify(text)}): unable to parse IP`;
  if (text.includes('%')) return `IP address ${JSON.stringify(text)} with zone value is not allowed`;
  const parsed = ipaddr.IPv6.parse(text);
  if (parsed.isIPv4MappedAddress()) return `IPv4-mapped IPv6 address ${JSON.stringify(text)} is not allowed`;
  return { bytes: parsed.toByteArray(), text: parsed.toRFC5952String() };
}

class Ip extends Opaque {
  readonly typeName = 'net.IP';
  readonly bytes: readonly number[];
  readonly text: string;
  constructor({ bytes, text }: Address) {
    super();
    this.bytes = bytes;
    this.text = text;
  }
  get four(): boolean {
    return this.bytes.length === 4;
  }
  equals(other: Opaque): boolean {
    return other instanceof Ip && other.text === this.text;
  }
  override toJson(): string {
    return this.text;
  }
}

class Cidr extends Opaque {
  readonly typeName = 'net.CIDR';
  readonly ip: Ip;
  readonly length: number;
  constructor(ip: Ip, length: number) {
    super();
    this.ip = ip;
    this.length = length;
  }
  get text(): string {
    return `${this.ip.text}/${this.length}`;
  }
  equals(other: Opaque): boolean {
    return other instanceof Cidr && other.text === this.text;
  }
  override toJson(): string {
    return this.text;
  }
  contains(ip: Ip): boolean {
    if (ip.bytes.length !== this.ip.bytes.length) return false;
    const [a, b] = [masked(ip, this.length), masked(this.ip, this.length)];
    return a.every((byte, at) => byte === b[at]);
  }
}

const masked = (ip: Ip, length: number): number[] => ip.bytes.map((byte, at) => byte & (0xff << (8 - Math.max(0, Math.min(8, length - at * 8)))) & 0xff);

const ipOf = (text: string): Ip => {
  const read = readAddress(text);
  return typeof read === 'string' ? fail(read) : new Ip(read);
};

function readCidr(text: string): Cidr | string {
  const match = /^(.*)\/(0|[1-9]\d{0,2})$/s.exec(text);
  const wrong = `network address parse error during conversion from string: netip.ParsePrefix(${JSON.stringify(text)}): `;
  if (match === null) return `${wrong}${text.includes('/') ? 'bad bits after slash' : "no '/'"}`;
  const ip = readAddress(match[1]!);
  if (typeof ip === 'string') return ip.startsWith('IPv4-mapped') ? `IPv4-mapped IPv6 address ${JSON.stringify(text)} is not allowed` : `${wrong}unable to parse IP`;
  const length = Number(match[2]);
  return length > ip.bytes.length * 8 ? `${wrong}prefix length out of range` : new Cidr(new Ip(ip), length);
}

const cidrOf = (text: string): Cidr => {
  const read = readCidr(text);
  return typeof read === 'string' ? fail(read) : read;
};

const isUnspecified = ({ bytes }: Ip): boolean => bytes.every((byte) => byte === 0);
const isLoopback = ({ bytes, four }: Ip): boolean => (four ? bytes[0] === 127 : bytes.every((byte, at) => byte === (at === 15 ? 1 : 0)));
const isLinkLocalMulticast = ({ bytes, four }: Ip): boolean => (four ? bytes[0] === 224 && bytes[1] === 0 && bytes[2] === 0 : bytes[0] === 0xff && (bytes[1]! & 0x0f) === 0x02);
const isLinkLocalUnicast = ({ bytes, four }: Ip): boolean => (four ? bytes[0] === 169 && bytes[1] === 254 : bytes[0] === 0xfe && (bytes[1]! & 0xc0) === 0x80);
const isMulticast = ({ bytes, four }: Ip): boolean => (four ? (bytes[0]! & 0xf0) === 0xe0 : bytes[0] === 0xff);
const isGlobalUnicast = (ip: Ip): boolean =>
  !isUnspecified(ip) && !isLoopback(ip) && !isMulticast(ip) && !isLinkLocalUnicast(ip) && !(ip.four && ip.bytes.every((byte) => byte === 255));

const covers = (outer: Cidr, inner: Cidr): boolean =>
  outer.ip.bytes.length === inner.ip.bytes.length && outer.length <= inner.length && outer.contains(new Ip({ bytes: masked(inner.ip, outer.length), text: '' }));

function maskedCidr({ ip, length }: Cidr): Cidr {
  const bytes = masked(ip, length);
  const text = ip.four ? bytes.join('.') : new ipaddr.IPv6(bytes).toRFC5952String();
  return new Cidr(new Ip({ bytes, text }), length);
}

export const ADDRESSES: readonly Overload[] = [
  overload('string_to_ip', 'ip(string): net.IP', ipOf),
  overload('is_ip', 'isIP(string): bool', (text: string) => typeof readAddress(text) !== 'string'),
  overload('ip_is_canonical', 'ip.isCanonical(string): bool', (text: string) => ipOf(text).text === text),
  overload('ip_to_string', 'string(net.IP): string', (ip: Ip) => ip.text),
  overload('ip_family', 'net.IP->family(): int', (ip: Ip) => (ip.four ? 4n : 6n)),
  overload('ip_is_unspecified', 'net.IP->isUnspecified(): bool', isUnspecified),
  overload('ip_is_loopback', 'net.IP->isLoopback(): bool', isLoopback),
  overload('ip_is_link_local_multicast', 'net.IP->isLinkLocalMulticast(): bool', isLinkLocalMulticast),
  overload('ip_is_link_local_unicast', 'net.IP->isLinkLocalUnicast(): bool', isLinkLocalUnicast),
  overload('ip_is_global_unicast', 'net.IP->isGlobalUnicast(): bool', isGlobalUnicast),
  overload('string_to_cidr', 'cidr(string): net.CIDR', cidrOf),
  overload('is_cidr', 'isCIDR(string): bool', (text: string) => typeof readCidr(text) !== 'string'),
  overload('cidr_to_string', 'string(net.CIDR): string', (cidr: Cidr) => cidr.text),
  overload('cidr_contains_ip_string', 'net.CIDR->containsIP(string): bool', (cidr: Cidr, text: string) => cidr.contains(ipOf(text))),
  overload('cidr_contains_ip_ip', 'net.CIDR->containsIP(net.IP): bool', (cidr: Cidr, ip: Ip) => cidr.contains(ip)),
  overload('cidr_contains_cidr_string', 'net.CIDR->containsCIDR(string): bool', (cidr: Cidr, text: string) => covers(cidr, cidrOf(text))),
  overload('cidr_contains_cidr', 'net.CIDR->containsCIDR(net.CIDR): bool', covers),
  overload('cidr_ip', 'net.CIDR->ip(): net.IP', (cidr: Cidr) => cidr.ip),
  overload('cidr_prefix_length', 'net.CIDR->prefixLength(): int', (cidr: Cidr) => BigInt(cidr.length)),
  overload('cidr_masked', 'net.CIDR->masked(): net.CIDR', maskedCidr),
];
