/** How a row is measured: so many calls by so many clients; what failed is counted apart. */
import type { Client, Target } from './http.ts';

export interface Figures {
  /** Successful calls a second. */
  readonly perSecond: number;
  /** Milliseconds of successful calls. */
  readonly p50: number;
  readonly p99: number;
  readonly failed: number;
  /** Microseconds of the server's processor time for each successful call, where the server tells (`/metrics`). */
  readonly cpu?: number;
}

/** Seconds of processor time and bytes of memory of the server's process, as its `/metrics` tells them. */
export interface Usage {
  readonly cpu: number;
  readonly memory: number;
}

export async function usage(client: Client): Promise<Usage | undefined> {
  const { status, text } = await client.send('GET', '/metrics', undefined, undefined, true);
  const value = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
  const found = { cpu: value('process_cpu_seconds_total'), memory: value('process_resident_memory_bytes') };
  return status === 200 && !Number.isNaN(found.cpu) ? found : undefined;
}

export const percentile = (sorted: readonly number[], share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;

/** `call` answers with the HTTP status: anything below 300 is a success. */
export async function measure(target: Target, count: number, clients: number, call: (client: Client, index: number) => Promise<number>): Promise<Figures> {
  const connections = await Promise.all(Array.from({ length: Math.min(clients, count) }, async () => target.client()));
  try {
    const times: number[] = [];
    let next = 0;
    let failed = 0;
    const before = await usage(connections[0]!);
    const began = performance.now();
    const work = async (client: Client): Promise<void> => {
      while (next < count) {
        const index = next++;
        const at = performance.now();
        if ((await call(client, index)) < 300) times.push(performance.now() - at);
        else failed++;
      }
    };
    await Promise.all(connections.map(work));
    const seconds = (performance.now() - began) / 1000;
    const after = await usage(connections[0]!);
    times.sort((left, right) => left - right);
    return {
      perSecond: times.length / seconds,
      p50: percentile(times, 0.5),
      p99: percentile(times, 0.99),
      failed,
      ...(before === undefined || after === undefined || times.length === 0 ? {} : { cpu: ((after.cpu - before.cpu) * 1e6) / times.length }),
    };
  } finally {
    for (const connection of connections) connection.close();
  }
}
