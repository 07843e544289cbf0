/** The instants of a cron schedule: those minutes at which a clock on the wall of the time zone shows what the fields ask for. */
import type { FieldSchedule, Schedule } from '#kinds/batch/cron.ts';

const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;
/** A schedule that has no time within these has none. */
const YEARS = 5;

interface Wall {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly weekday: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(zone, format);
  }
  return format;
}

/** Milliseconds that the zone is ahead of UTC at an instant. */
export function zoneOffset(at: number, zone: string): number {
  if (zone === 'UTC') return 0;
  const parts: Record<string, number> = {};
  for (const { type, value } of formatOf(zone).formatToParts(at)) parts[type] = Number(value);
  return Date.UTC(parts['year']!, parts['month']! - 1, parts['day'], parts['hour'], parts['minute'], parts['second']) - (at - (at % 1000));
}

function wallOf(at: number, zone: string): Wall {
  const date = new Date(at + zoneOffset(at, zone));
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    weekday: date.getUTCDay(),
  };
}

function dayMatches({ daysOfMonth, daysOfWeek, anyDayOfMonth, anyDayOfWeek }: FieldSchedule, { day, weekday }: Wall): boolean {
  const [ofMonth, ofWeek] = [daysOfMonth.has(day), daysOfWeek.has(weekday)];
  return anyDayOfMonth || anyDayOfWeek ? ofMonth && ofWeek : ofMonth || ofWeek;
}

/** The first instant of the next day. Days have 23 to 25 hours, and where clocks go forward at midnight a day begins at one. */
function nextDay(at: number, wall: Wall, zone: string): number {
  const next = at + DAY - wall.hour * HOUR - wall.minute * MINUTE;
  const there = wallOf(next, zone);
  if (there.hour === 0 && there.minute === 0) return next;
  const back = next - there.hour * HOUR - there.minute * MINUTE;
  return wallOf(back, zone).day === there.day && back > at ? back : next;
}

/** The first instant after `after`, both in ms; undefined for a schedule that never comes, such as the 31st of February. */
export function nextTime(schedule: Schedule, after: number, zone: string): number | undefined {
  if ('everyMs' in schedule) return after - (after % 1000) + schedule.everyMs;
  let at = after - (after % MINUTE) + MINUTE;
  const lastYear = wallOf(at, zone).year + YEARS;
  for (;;) {
    const wall = wallOf(at, zone);
    if (wall.year > lastYear) return undefined;
    if (!schedule.months.has(wall.month) || !dayMatches(schedule, wall)) at = nextDay(at, wall, zone);
    else if (!schedule.hours.has(wall.hour)) at += HOUR - wall.minute * MINUTE;
    else if (!schedule.minutes.has(wall.minute)) at += MINUTE;
    else return at;
  }
}

export interface Missed {
  /** The latest time that has come since `earliest` and is not after `now`. */
  readonly latest: number | undefined;
  /** How many have come, roughly. */
  readonly count: number;
}

export class NeverScheduled extends Error {
  readonly code = 'NEVER_SCHEDULED';
}

/** @throws NeverScheduled */
export function missedTimes(schedule: Schedule, earliest: number, now: number, zone: string): Missed {
  const first = nextTime(schedule, earliest, zone);
  const second = first === undefined ? undefined : nextTime(schedule, first, zone);
  if (first === undefined || second === undefined) throw new NeverScheduled('time difference between two schedules is less than 1 second');
  if (now < first) return { latest: undefined, count: 0 };
  if (now < second) return { latest: first, count: 0 };
  // steps are uneven (weekends, months): begin one step before where even ones would lead, and let the schedule say the rest
  const step = Math.max(1000, Math.round((second - first) / 1000) * 1000);
  const count = Math.floor((now - first) / step) + 1;
  let latest: number | undefined;
  for (let at = nextTime(schedule, first + (count - 2) * step, zone); at !== undefined && at <= now; at = nextTime(schedule, at, zone)) latest = at;
  return { latest, count };
}
