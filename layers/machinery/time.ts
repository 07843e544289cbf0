/** Times and durations as Kubernetes writes and reads them (`metav1.Time`, `metav1.MicroTime`, `util/duration`). */

/** RFC 3339 in UTC with whole seconds: `2026-01-02T03:04:05Z`. */
export const timestamp = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
/** The same with six digits of a second, as leases and events have it. */
export const microTimestamp = (ms: number): string => `${new Date(ms).toISOString().slice(0, 23)}000Z`;

/** Milliseconds since the epoch; `undefined` for what is absent or no time. */
export function parseTime(text: string | null | undefined): number | undefined {
  if (text === undefined || text === null) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

/** A time of the API that is no time; the message is that of Go's `time.Parse`. */
export class TimeError extends Error {
  readonly code = 'TIME';
}

const SECONDS_LAYOUT = '2006-01-02T15:04:05Z07:00';
const MICRO_LAYOUT = '2006-01-02T15:04:05.000000Z07:00';
const CANONICAL = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/;
const PARTS: readonly (readonly [layout: string, pattern: RegExp, low: number, high: number, name: string])[] = [
  ['2006', /^\d{4}/, 0, 9999, 'year'],
  ['-', /^-/, 0, 0, ''],
  ['01', /^\d{2}/, 1, 12, 'month'],
  ['-', /^-/, 0, 0, ''],
  ['02', /^\d{2}/, 1, 31, 'day'],
  ['T', /^T/, 0, 0, ''],
  ['15', /^\d{1,2}/, 0, 23, 'hour'],
  [':', /^:/, 0, 0, ''],
  ['04', /^\d{2}/, 0, 59, 'minute'],
  [':', /^:/, 0, 0, ''],
  ['05', /^\d{2}/, 0, 59, 'second'],
];

/**
 * The form in which the API keeps a time: UTC, cut to seconds (`micro`: to microseconds).
 * @throws TimeError
 */
export function canonicalTime(text: string, micro = false): string {
  // nearly all are written as they are kept; the 29th and later need the calendar
  if (!micro && CANONICAL.test(text)) return text;
  const layout = micro ? MICRO_LAYOUT : SECONDS_LAYOUT;
  const wrong = (rest: string, wanted: string): never => {
    throw new TimeError(`parsing time ${JSON.stringify(text)} as ${JSON.stringify(layout)}: cannot parse ${JSON.stringify(rest)} as ${JSON.stringify(wanted)}`);
  };
  const outOfRange = (name: string): never => {
    throw new TimeError(`parsing time ${JSON.stringify(text)}: ${name} out of range`);
  };
  let rest = text;
  const numbers: number[] = [];
  for (const [wanted, pattern, low, high, name] of PARTS) {
    const match = pattern.exec(rest);
    if (match === null) return wrong(rest, wanted);
    if (name !== '') {
      const number = Number(match[0]);
      if (number < low || number > high) outOfRange(name);
      numbers.push(number);
    }
    rest = rest.slice(match[0].length);
  }
  const [year, month, day, hour, minute, second] = numbers as [number, number, number, number, number, number];
  const fraction = /^[.,](\d+)/.exec(rest);
  if (micro) {
    if (fraction === null || fraction[1]!.length < 6) return wrong(rest, '.000000');
    rest = rest.slice(7);
  } else if (fraction !== null) rest = rest.slice(fraction[0].length);
  const zone = /^(?:Z|([+-])(\d{2}):(\d{2}))/.exec(rest);
  if (zone === null) return wrong(rest, 'Z07:00');
  if (zone[1] !== undefined && (Number(zone[2]) > 24 || Number(zone[3]) > 60)) outOfRange(Number(zone[2]) > 24 ? 'time zone offset hour' : 'time zone offset minute');
  if (rest.length > zone[0].length) throw new TimeError(`parsing time ${JSON.stringify(text)}: extra text: ${JSON.stringify(rest.slice(zone[0].length))}`);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1) outOfRange('day');
  const offset = zone[1] === undefined ? 0 : (Number(zone[2]) * 60 + Number(zone[3])) * (zone[1] === '-' ? -1 : 1);
  date.setUTCHours(hour, minute - offset, second);
  const seconds = date.toISOString().slice(0, 19);
  return micro ? `${seconds}.${fraction![1]!.slice(0, 6)}Z` : `${seconds}Z`;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const whole = (ms: number, unit: number): number => Math.trunc(ms / unit);
const pair = (major: number, majorUnit: string, minor: number, minorUnit: string): string => (minor === 0 ? `${major}${majorUnit}` : `${major}${majorUnit}${minor}${minorUnit}`);

/** An age as kubectl's tables print it, with two or three significant figures: `5m30s`, `3d4h`. */
export function humanDuration(ms: number): string {
  const seconds = whole(ms, SECOND);
  // two clocks may differ a little
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 120) return `${seconds}s`;
  const minutes = whole(ms, MINUTE);
  if (minutes < 10) return pair(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  const hours = whole(ms, HOUR);
  if (hours < 8) return pair(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = whole(hours, 24);
  if (hours < 192) return pair(days, 'd', hours % 24, 'h');
  if (days < 730) return `${days}d`;
  const years = whole(days, 365);
  return years < 8 ? pair(years, 'y', days % 365, 'd') : `${years}y`;
}

/** One figure and its unit. */
export function shortHumanDuration(ms: number): string {
  const seconds = whole(ms, SECOND);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 60) return `${seconds}s`;
  if (ms < HOUR) return `${whole(ms, MINUTE)}m`;
  const hours = whole(ms, HOUR);
  if (hours < 24) return `${hours}h`;
  return hours < 24 * 365 ? `${whole(hours, 24)}d` : `${whole(hours, 24 * 365)}y`;
}

/** The age of a timestamp for a table: `<unknown>` where there is none. */
export function age(text: string | null | undefined, now: number): string {
  const from = parseTime(text);
  return from === undefined ? '<unknown>' : humanDuration(now - from);
}
