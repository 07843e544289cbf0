/**
 * Schedules of cron jobs: five fields, names of months and weekdays, `@hourly` and its kin, `@every 1h30m`. Errors are worded as the Go
 * library that Kubernetes uses (robfig/cron v3) words them.
 */

export class CronError extends Error {
  readonly code = 'CRON';
}

interface Field {
  readonly min: number;
  readonly max: number;
  readonly names: Readonly<Record<string, number>>;
}

const MONTHS = Object.fromEntries(['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'].map((name, at) => [name, at + 1]));
const DAYS = Object.fromEntries(['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'].map((name, at) => [name, at]));
const FIELDS: readonly Field[] = [
  { min: 0, max: 59, names: {} },
  { min: 0, max: 23, names: {} },
  { min: 1, max: 31, names: {} },
  { min: 1, max: 12, names: MONTHS },
  { min: 0, max: 6, names: DAYS },
];
const DESCRIPTORS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

export interface FieldSchedule {
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly daysOfMonth: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  readonly daysOfWeek: ReadonlySet<number>;
  /** Whether the field began with `*` or `?`: if both days do not, a day that fits either is taken. */
  readonly anyDayOfMonth: boolean;
  readonly anyDayOfWeek: boolean;
}

export type Schedule = FieldSchedule | { readonly everyMs: number };

function number(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw new CronError(`failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  const value = Number(text);
  if (value < 0) throw new CronError(`negative number (${value}) not allowed: ${text}`);
  return value;
}

const named = (text: string, field: Field): number => field.names[text.toLowerCase()] ?? number(text);

function addRange(into: Set<number>, text: string, field: Field): void {
  const [range = '', step, ...more] = text.split('/');
  const [low = '', high, ...others] = range.split('-');
  let [start, end] = [field.min, field.max];
  let stepped = false;
  if (low === '*' || low === '?') stepped = true;
  else {
    start = named(low, field);
    if (others.length > 0) throw new CronError(`too many hyphens: ${text}`);
    end = high === undefined ? start : named(high, field);
  }
  if (more.length > 0) throw new CronError(`too many slashes: ${text}`);
  let by = 1;
  if (step !== undefined) {
    by = number(step);
    // `5/15` means from 5 on
    if (!stepped && high === undefined) end = field.max;
  }
  if (start < field.min) throw new CronError(`beginning of range (${start}) below minimum (${field.min}): ${text}`);
  if (end > field.max) throw new CronError(`end of range (${end}) above maximum (${field.max}): ${text}`);
  if (start > end) throw new CronError(`beginning of range (${start}) beyond end of range (${end}): ${text}`);
  if (by === 0) throw new CronError(`step of range should be a positive number: ${text}`);
  for (let value = start; value <= end; value += by) into.add(value);
}

function fieldOf(text: string, field: Field): ReadonlySet<number> {
  const values = new Set<number>();
  for (const part of text.split(',')) if (part !== '') addRange(values, part, field);
  return values;
}

const UNITS: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

function every(text: string, whole: string): Schedule {
  if (!/^[+-]?((\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h))+$/.test(text)) throw new CronError(`failed to parse duration ${whole}: time: invalid duration ${JSON.stringify(text)}`);
  let ms = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)/g)) ms += Number(amount) * UNITS[unit!]!;
  // whole seconds, at least one
  return { everyMs: Math.max(1000, ms - (ms % 1000)) };
}

/** The schedule without a time zone in front of it. @throws CronError */
export function parseCron(text: string): Schedule {
  if (text === '') throw new CronError('empty spec string');
  if (text.startsWith('@every ')) return every(text.slice('@every '.length), text);
  if (text.startsWith('@') && DESCRIPTORS[text] === undefined) throw new CronError(`unrecognized descriptor: ${text}`);
  const fields = (DESCRIPTORS[text] ?? text).trim().split(/\s+/);
  if (fields.length !== FIELDS.length) throw new CronError(`expected exactly ${FIELDS.length} fields, found ${fields.length}: [${fields.join(' ')}]`);
  const [minutes, hours, daysOfMonth, months, daysOfWeek] = fields.map((field, at) => fieldOf(field, FIELDS[at]!)) as [
    ReadonlySet<number>,
    ReadonlySet<number>,
    ReadonlySet<number>,
    ReadonlySet<number>,
    ReadonlySet<number>,
  ];
  const any = (field: string): boolean => field.split(',').some((part) => /^[*?]/.test(part));
  return { minutes, hours, daysOfMonth, months, daysOfWeek, anyDayOfMonth: any(fields[2]!), anyDayOfWeek: any(fields[4]!) };
}
