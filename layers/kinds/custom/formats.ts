/** Formats of texts as kube-openapi's `strfmt` checks them, by their names without dashes. */
import { isIP } from 'node:net';
import { isDNS1123Subdomain } from '#machinery/names.ts';

type Check = (text: string) => boolean;

const matching =
  (pattern: RegExp): Check =>
  (text) =>
    pattern.test(text);

/** Go's sloppy parser takes leading zeros, and an IPv4 address in an IPv6 one. */
const sloppy = (text: string): string => text.replace(/(^|\.|:)0+(?=\d)/g, '$1');
const isIPv4: Check = (text) => text.includes('.') && isIP(sloppy(text)) !== 0;
const isIPv6: Check = (text) => text.includes(':') && isIP(text) === 6;

function isCidr(text: string): boolean {
  const slash = text.indexOf('/');
  if (slash < 0) return false;
  const family = isIP(sloppy(text.slice(0, slash)));
  const bits = text.slice(slash + 1);
  return family !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128);
}

const HOSTNAME =
  /^([a-zA-Z0-9\p{S}\p{L}]((-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?)|([a-zA-Z0-9\p{S}\p{L}](([a-zA-Z0-9\-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?)(\.)){1,}([a-zA-Z\p{L}]){2,63})$/u;
/** Longer ones are refused before the pattern is tried. */
const isHostname: Check = (text) => Buffer.byteLength(text) <= 255 && text.split('.').every((part) => Buffer.byteLength(part) <= 63) && HOSTNAME.test(text);

/** RFC 5322 without comments and folding, as `net/mail` takes it: an address, or a name and an address in angle brackets. */
const EMAIL = /^[^\s()<>[\]:;@\\,"]+(?:\.[^\s()<>[\]:;@\\,"]+)*@(?:[^\s()<>[\]:;@\\,"]+|\[[^\]\s]+\])$/u;
const isEmail: Check = (text) => {
  const named = /^\s*(?:"(?:[^"\\]|\\.)*"|[^"<>@]*)\s*<([^<>]+)>\s*$/u.exec(text);
  return EMAIL.test((named?.[1] ?? text).trim());
};

/** Go's `url.ParseRequestURI`: a URI with a scheme, or a path from the root. */
const isUri: Check = (text) => {
  if (/[\s\p{Cc}]/u.test(text)) return false;
  if (text.startsWith('/')) return true;
  return /^[a-zA-Z][a-zA-Z0-9+.-]*:/.test(text) && (URL.canParse(text) || !/^[^:]*:\/\//.test(text)) && !/%(?![0-9a-fA-F]{2})/.test(text);
};

const digits = (text: string): number[] => [...text].map((digit) => (digit === 'X' ? 10 : Number(digit)));
const isIsbn10: Check = (text) => {
  const plain = text.replace(/[\s-]+/g, '');
  return /^(?:[0-9]{9}X|[0-9]{10})$/.test(plain) && digits(plain).reduce((sum, digit, at) => sum + (at + 1) * digit, 0) % 11 === 0;
};
const isIsbn13: Check = (text) => {
  const plain = text.replace(/[\s-]+/g, '');
  return /^[0-9]{13}$/.test(plain) && digits(plain).reduce((sum, digit, at) => sum + (at % 2 === 0 ? 1 : 3) * digit, 0) % 10 === 0;
};

const CARD =
  /^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|(222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\d{3})\d{11}|6[27][0-9]{14})$/;
const isCreditCard: Check = (text) => {
  const plain = text.replace(/[^0-9]+/g, '');
  if (!CARD.test(plain)) return false;
  const sum = digits(plain)
    .toReversed()
    .reduce((total, digit, at) => total + (at % 2 === 0 ? digit : digit * 2 > 9 ? digit * 2 - 9 : digit * 2), 0);
  return sum % 10 === 0;
};

function isDate(text: string): boolean {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (match === null) return false;
  const [year, month, day] = match.slice(1).map(Number) as [number, number, number];
  if (month < 1 || month > 12 || day < 1) return false;
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return day <= [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]!;
}

const isDateTime: Check = (text) => {
  const parts = text.toLowerCase().split('t');
  if (text.length < 4 || parts.length < 2 || !isDate(parts[0]!)) return false;
  const match = /^([0-9]{2}):([0-9]{2}):([0-9]{2})(?:.[0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))$/.exec(parts[1]!);
  return match !== null && match[1]! <= '23' && match[2]! <= '59' && match[3]! <= '59';
};

/** Go's durations, and Scala's: a number and a unit by one of its names. */
const GO_DURATION = /^[+-]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/;
const SCALA_DURATION = /((\d+)\s*([A-Za-zµ]+))/g;
const UNITS = ['ns', 'nano', 'us', 'µs', 'micro', 'ms', 'milli', 's', 'sec', 'm', 'min', 'h', 'hr', 'hour', 'd', 'day', 'w', 'wk', 'week'];
/** Of each unit the last name may go on: `nanoseconds`, `days`. */
const PREFIXES = ['nano', 'micro', 'milli', 'sec', 'min', 'hour', 'day', 'week'];
const isDuration: Check = (text) =>
  GO_DURATION.test(text) ||
  [...text.matchAll(SCALA_DURATION)].some(([, , , unit]) => UNITS.includes(unit!.toLowerCase()) || PREFIXES.some((prefix) => unit!.toLowerCase().startsWith(prefix)));

const SHORT_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const UUID = (version: string, variant: string): Check => matching(new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?${version}-?${variant}-?[0-9a-f]{12}$`, 'i'));

export const FORMATS: ReadonlyMap<string, Check> = new Map<string, Check>([
  ['bsonobjectid', matching(/^[0-9a-fA-F]{24}$/)],
  ['uri', isUri],
  ['email', isEmail],
  ['hostname', isHostname],
  ['ipv4', isIPv4],
  ['ipv6', isIPv6],
  ['cidr', isCidr],
  ['mac', matching(/^(?:[0-9a-fA-F]{2}([:-])(?:[0-9a-fA-F]{2}\1){4}(?:[0-9a-fA-F]{2}\1[0-9a-fA-F]{2}\1)?[0-9a-fA-F]{2}|[0-9a-fA-F]{4}(?:\.[0-9a-fA-F]{4}){2,3})$/)],
  ['uuid', UUID('[0-9a-f]{4}', '[0-9a-f]{4}')],
  ['uuid3', UUID('3[0-9a-f]{3}', '[0-9a-f]{4}')],
  ['uuid4', UUID('4[0-9a-f]{3}', '[89ab][0-9a-f]{3}')],
  ['uuid5', UUID('5[0-9a-f]{3}', '[89ab][0-9a-f]{3}')],
  ['isbn', (text) => isIsbn10(text) || isIsbn13(text)],
  ['isbn10', isIsbn10],
  ['isbn13', isIsbn13],
  ['creditcard', isCreditCard],
  ['ssn', matching(/^\d{3}[- ]?\d{2}[- ]?\d{4}$/)],
  ['hexcolor', matching(/^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/)],
  ['rgbcolor', matching(/^rgb\(\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*,\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*,\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*\)$/)],
  ['byte', matching(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/)],
  ['password', () => true],
  ['date', isDate],
  ['duration', isDuration],
  ['datetime', isDateTime],
  ['k8sshortname', (text) => text.length <= 63 && SHORT_NAME.test(text)],
  ['k8slongname', (text) => isDNS1123Subdomain(text).length === 0],
]);
