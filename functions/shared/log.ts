/** One JSON object a line, as CloudWatch Logs Insights reads them; metrics in CloudWatch's embedded format ride along. */
export type Log = (message: string, error?: unknown, fields?: Readonly<Record<string, unknown>>) => void;

export interface LogOptions {
  readonly function: string;
  readonly now: () => number;
  readonly write?: (line: string) => void;
}

const toStandardOutput = (line: string): void => void process.stdout.write(line);

export function createLog({ function: name, now, write = toStandardOutput }: LogOptions): Log {
  return (message, error, fields = {}) => {
    const detail = error instanceof Error ? (error.stack ?? error.message) : error === undefined ? undefined : String(error);
    write(`${JSON.stringify({ at: new Date(now()).toISOString(), function: name, message, ...fields, ...(detail === undefined ? {} : { error: detail }) })}\n`);
  };
}

/** CloudWatch reads the metric out of the log line: no call, no wait. */
export function metricLine(namespace: string, name: string, value: number, dimensions: Readonly<Record<string, string>>, now: number): string {
  const aws = { Timestamp: now, CloudWatchMetrics: [{ Namespace: namespace, Dimensions: [Object.keys(dimensions)], Metrics: [{ Name: name, Unit: 'Count' }] }] };
  return `${JSON.stringify({ _aws: aws, ...dimensions, [name]: value })}\n`;
}
