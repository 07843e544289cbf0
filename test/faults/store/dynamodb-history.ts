/** Histories on DynamoDB Local: several processes' worth of stores on one cluster, with everything happening that DynamoDB does to its callers. */
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

export interface Rounds {
  readonly clusters: readonly string[];
  /** Of all clusters together. */
  readonly operations: number;
  /** Of the first cluster; the others count on. */
  readonly seed: number;
  readonly accidents: Accidents;
  /** Told how many operations are done, of all clusters together. */
  readonly progress?: (done: number) => void;
}

const added = (all: readonly Readonly<Record<string, number>>[]): Record<string, number> => {
  const sums: Record<string, number> = {};
  for (const one of all) for (const [what, times] of Object.entries(one)) sums[what] = (sums[what] ?? 0) + times;
  return sums;
};

/** Several clusters of one table at the same time: while one waits for a writer that stands still, the others use the machine. */
export async function rounds(local: LocalTable, { clusters, operations, seed, accidents, progress }: Rounds): Promise<Omit<Round, 'events'>> {
  const done = clusters.map(() => 0);
  const all = await Promise.all(
    clusters.map(async (cluster, index) =>
      round(local, {
        cluster,
        operations: Math.ceil(operations / clusters.length),
        seed: seed + index,
        accidents,
        progress: (count) => {
          done[index] = count;
          progress?.(done.reduce((sum, one) => sum + one, 0));
        },
      }),
    ),
  );
  return {
    wrong: all.flatMap(({ wrong }, index) => wrong.map((line) => `${clusters[index]!}: ${line}`)),
    outcomes: added(all.map(({ outcomes }) => outcomes)),
    accidents: added(all.map((one) => one.accidents)),
    changes: all.reduce((sum, { changes }) => sum + changes, 0),
  };
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
      times: { attempt: ATTEMPT, grace: GRACE, poll: { least: 40, most: 300 } },
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
  return {
    wrong: check(events, logs, { counters: new Set([COUNTER]) }),
    events: count(events.map(({ kind }) => kind)),
    outcomes: count(events.flatMap((event) => (event.kind === 'write' ? [event.outcome] : []))),
    accidents: added(injected.map(({ counts }) => counts)),
    changes: [...logs.values()].reduce((sum, { length }) => sum + length, 0),
  };
}
