/** The clusters that an environment has open. A cluster is opened by its first request and stays for the next ones. */
import type { ClusterRecord, Clusters } from '#cloud/clusters/port.ts';
import type { Clock } from '#machinery/clock.ts';

/** How long an environment may believe that a cluster is still there, or still not. Milliseconds. */
const TRUST_MS = 10_000;
/** Open at once in one environment: each keeps its roles in memory. */
const OPEN = 50;

/** Names go into keys, URLs and queue names. */
export const CLUSTER_NAME = /^[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?$/;

interface Entry<T> {
  readonly record: ClusterRecord;
  readonly opened: Promise<T>;
  checkedAt: number;
}

/** The open parts of a cluster by name; `undefined` where there is no such cluster. */
export function clusterPool<T>(clusters: Clusters, clock: Clock, open: (record: ClusterRecord) => Promise<T>): (name: string) => Promise<T | undefined> {
  const entries = new Map<string, Entry<T>>();
  return async (name) => {
    if (!CLUSTER_NAME.test(name)) return undefined;
    let entry = entries.get(name);
    if (entry !== undefined && clock.now() - entry.checkedAt < TRUST_MS) return entry.opened;
    const record = await clusters.get(name);
    if (record === undefined) {
      entries.delete(name);
      return undefined;
    }
    // removed and made anew under the same name: nothing of the old one is good
    if (entry === undefined || JSON.stringify(entry.record) !== JSON.stringify(record)) {
      const opened = open(record);
      entry = { record, opened, checkedAt: clock.now() };
      const mine = entry;
      opened.catch(() => {
        if (entries.get(name) === mine) entries.delete(name);
      });
    } else entry.checkedAt = clock.now();
    // the one that was used last stays longest
    entries.delete(name);
    entries.set(name, entry);
    if (entries.size > OPEN) entries.delete(entries.keys().next().value!);
    return entry.opened;
  };
}
