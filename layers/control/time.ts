/** `metav1.Time` and `metav1.MicroTime` as they are written: RFC 3339 in UTC, whole seconds and microseconds. */
export const timestamp = (ms: number): string => new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');
export const microTimestamp = (ms: number): string => new Date(ms).toISOString().replace(/Z$/, '000Z');

/** Milliseconds since the epoch; undefined for what is absent or no time. */
export function parseTime(text: string | null | undefined): number | undefined {
  if (text === undefined || text === null) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}
