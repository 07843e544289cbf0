/** A count, or that many percent of `total` (`intstr.GetScaledValueFromIntOrPercent`). Texts that are neither were refused by validation. */
export function scaled(value: number | string, total: number, round: (value: number) => number): number {
  if (typeof value === 'number') return value;
  const percent = Number.parseInt(value, 10);
  return Number.isNaN(percent) ? 0 : round((percent * total) / 100);
}
