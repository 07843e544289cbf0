/** One history on DynamoDB Local: several processes' worth of stores on one cluster, with everything happening that DynamoDB does to its callers. */
import { openDynamoStore } from '#store/dynamodb/store.ts';
import { inject, type Accidents } from '#store/dynamodb/testing/inject.ts';
import { ATTEMPT, type LocalTable } from '#store/dynamodb/testing/local.ts';
import { createMovingClock } from '#store/dynamodb/testing/moving-clock.ts';
import { check } from '#store/testing/history/check.ts';
import type { Event } from '#store/testing/history/history.ts';
import { COUNTER, randomOf, readLogs, runWorkload } from '#store/testing/history/workload.ts';

/** Milliseconds. A stalled writer stands longer than a reader waits for it, as often as not. */
const GRACE = 80;

/** What a bad day is made of. */
export const BAD_DAY: Accidents = { conflict: 0.05, throttle: 0.01, lost: 0.02, stall: 0.02, die: 0.01 };

export interface Round {
  readonly wrong: readonly string[];
  readonly events: Readonly<Record<Event['kind'], number>>;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly accidents: Readonly<Record<string, number>>;
  /** Changes in the logs. */
  readonly changes: number;
}

export async function round(
  local: LocalTable,
  options: { readonly cluster: string; readonly operations: number; readonly seed: number; readonly accidents: Accidents; readonly progress?: (done: number) => void },
): Promise<Round> {
  const { cluster, operations, seed, accidents, progress } = options;
  const random = randomOf(seed);
  const clock = createMovingClock();
  const injected: { readonly counts: Readonly<Record<string, number>> }[] = [];
  const open = async () => {
    const client = local.client();
    injected.push(inject(client, random, { stallMs: () => GRACE * 8 * random(), ...accidents }));
    return openDynamoStore({
      client,
      table: local.table,
      cluster,
      clock,
      random,
      times: { attempt: ATTEMPT, grace: GRACE, poll: { least: 20, most: 200 } },
      stripes: { objects: 2, changes: 3 },
    });
  };
  const events = await runWorkload({ open, stores: 3, clients: 4, operations, seed, restartEvery: Math.ceil(operations / 7), ...(progress !== undefined && { progress }) });
  const auditor = openDynamoStore({
    client: local.client(),
    table: local.table,
    cluster,
    clock,
    random,
    times: { attempt: ATTEMPT, grace: GRACE },
    stripes: { objects: 2, changes: 3 },
  });
  const logs = await readLogs(auditor);
  await auditor.close();
  const count = <Kind extends string>(all: readonly Kind[]): Record<Kind, number> => {
    const sums = {} as Record<Kind, number>;
    for (const one of all) sums[one] = (sums[one] ?? 0) + 1;
    return sums;
  };
  const total: Record<string, number> = {};
  for (const { counts } of injected) for (const [what, times] of Object.entries(counts)) total[what] = (total[what] ?? 0) + times;
  return {
    wrong: check(events, logs, { counters: new Set([COUNTER]) }),
    events: count(events.map(({ kind }) => kind)),
    outcomes: count(events.flatMap((event) => (event.kind === 'write' ? [event.outcome] : []))),
    accidents: total,
    changes: [...logs.values()].reduce((sum, { length }) => sum + length, 0),
  };
}
