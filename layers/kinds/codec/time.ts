/** The text forms of apimachinery's Time, MicroTime and Duration. */
import { MalformedMessage } from './input.ts';

/** 0001-01-01T00:00:00Z, which is how Go spells "no time". */
export const ZERO_SECONDS = -62_135_596_800;
const YEAR_ZERO = -62_167_219_200;
const YEAR_TEN_THOUSAND = 253_402_300_800;
const DAY = 86_400;

let lastDay = Number.NaN;
let lastDayText = '';
const two = (value: number): string => (value < 10 ? `0${value}` : String(value));

/** `2008-01-01T01:01:01`; null for Go's zero time. */
function formatSeconds(seconds: number): string | null {
  if (seconds === ZERO_SECONDS) return null;
  if (!(seconds >= YEAR_ZERO && seconds < YEAR_TEN_THOUSAND)) throw new MalformedMessage('a time is outside of the years 0 to 9999');
  const day = Math.floor(seconds / DAY);
  if (day !== lastDay) {
    lastDay = day;
    lastDayText = new Date(day * DAY * 1000).toISOString().slice(0, 11);
  }
  const rest = seconds - day * DAY;
  return `${lastDayText}${two(Math.floor(rest / 3600))}:${two(Math.floor(rest / 60) % 60)}:${two(rest % 60)}`;
}

/** Fractions are dropped: the JSON of metav1.Time has none. */
export function formatTime(seconds: number): string | null {
  const text = formatSeconds(seconds);
  return text === null ? null : `${text}Z`;
}

export function formatMicroTime(seconds: number, nanos: number): string | null {
  if (nanos < 0 || nanos > 999_999_999) throw new MalformedMessage('the fraction of a time is out of range');
  const text = nanos < 1000 ? formatSeconds(seconds) : (formatSeconds(seconds) ?? '0001-01-01T00:00:00');
  return text === null ? null : `${text}.${String(Math.floor(nanos / 1000)).padStart(6, '0')}Z`;
}

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,](\d+))?(?:Z|[+-]\d\d:\d\d)$/;

/** Seconds since the epoch and nanoseconds; undefined where the text is no RFC 3339 time. */
export function parseTime(text: string): { readonly seconds: number; readonly nanos: number } | undefined {
  const match = RFC3339.exec(text);
  if (match === null) return undefined;
  const fraction = match[1];
  const milliseconds = Date.parse(fraction === undefined ? text : text.replace(/[.,]\d+/, ''));
  if (Number.isNaN(milliseconds)) return undefined;
  return { seconds: milliseconds / 1000, nanos: fraction === undefined ? 0 : Number(fraction.padEnd(9, '0').slice(0, 9)) };
}

const UNITS: readonly (readonly [string, bigint])[] = [
  ['h', 3_600_000_000_000n],
  ['m', 60_000_000_000n],
  ['s', 1_000_000_000n],
];
const UNIT_NANOS: Readonly<Record<string, bigint>> = { ns: 1n, us: 1000n, µs: 1000n, μs: 1000n, ms: 1_000_000n, ...Object.fromEntries(UNITS) };

/** Go's time.Duration.String: `1h2m3.5s`, `1.5ms`, `0s`. */
export function formatDuration(nanos: bigint): string {
  if (nanos === 0n) return '0s';
  const sign = nanos < 0n ? '-' : '';
  const size = nanos < 0n ? -nanos : nanos;
  const decimal = (value: bigint, unit: bigint): string => {
    const fraction = String(value % unit)
      .padStart(String(unit).length - 1, '0')
      .replace(/0+$/, '');
    return fraction === '' || unit === 1n ? String(value / unit) : `${value / unit}.${fraction}`;
  };
  if (size < 1000n) return `${sign}${size}ns`;
  if (size < 1_000_000n) return `${sign}${decimal(size, 1000n)}µs`;
  if (size < 1_000_000_000n) return `${sign}${decimal(size, 1_000_000n)}ms`;
  const [[, hour], [, minute], [, second]] = UNITS as readonly [(typeof UNITS)[0], (typeof UNITS)[0], (typeof UNITS)[0]];
  const hours = size / hour;
  const minutes = (size % hour) / minute;
  const seconds = decimal(size % minute, second);
  return `${sign}${hours > 0n ? `${hours}h` : ''}${hours > 0n || minutes > 0n ? `${minutes}m` : ''}${seconds}s`;
}

/** Go's time.ParseDuration, in nanoseconds; undefined where the text is none. */
export function parseDuration(text: string): bigint | undefined {
  const match = /^([+-])?((?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.exec(text);
  if (match === null) return text === '0' || text === '-0' || text === '+0' ? 0n : undefined;
  let total = 0n;
  for (const [, whole, fraction = '', unit] of text.matchAll(/(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/g)) {
    const size = UNIT_NANOS[unit!]!;
    total += BigInt(whole === '' ? 0 : whole!) * size;
    if (fraction !== '') total += (BigInt(fraction) * size) / 10n ** BigInt(fraction.length);
  }
  return match[1] === '-' ? -total : total;
}
