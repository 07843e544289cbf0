/** Counters and sums under Prometheus' names, kept by whoever runs the controllers and shown at /metrics. */
export type Labels = Readonly<Record<string, string>>;

export interface Metrics {
  /** Adds to a counter. */
  count(name: string, labels: Labels, by?: number): void;
  /** Adds one observation, in seconds, to a summary (its `_sum` and `_count`). */
  observe(name: string, labels: Labels, seconds: number): void;
  /** The value of a counter, or the number of observations; 0 where there is none. */
  value(name: string, labels: Labels): number;
  /** Prometheus' text format. */
  text(): string;
}

const escape = (value: string): string => value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

export function createMetrics(): Metrics {
  const values = new Map<string, number>();
  const series = (name: string, labels: Labels): string => {
    const pairs = Object.entries(labels)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => `${key}="${escape(value)}"`);
    return pairs.length === 0 ? name : `${name}{${pairs.join(',')}}`;
  };
  const add = (name: string, labels: Labels, by: number): void => {
    const key = series(name, labels);
    values.set(key, (values.get(key) ?? 0) + by);
  };
  return {
    count: (name, labels, by = 1) => add(name, labels, by),
    observe(name, labels, seconds) {
      add(`${name}_sum`, labels, seconds);
      add(`${name}_count`, labels, 1);
    },
    value: (name, labels) => values.get(series(name, labels)) ?? values.get(series(`${name}_count`, labels)) ?? 0,
    text: () =>
      [...values]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, value]) => `${key} ${value}\n`)
        .join(''),
  };
}
