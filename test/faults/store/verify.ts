/** Opens a store after an accident and holds it against what was acknowledged before. */
import type { Clock } from '#machinery/clock.ts';
import { openEmbeddedStore } from '#store/embedded/store.ts';
import type { Change, Store } from '#store/port.ts';
import { parsed, Recorder, told } from '#store/testing/fixtures.ts';
import { PAIR, RESOURCES, type Acknowledged } from './workload.ts';

export interface Verdict {
  /** Acknowledged, and not in the log as acknowledged. */
  readonly lost: readonly string[];
  /** The store disagrees with itself: log and objects, two writes of one commit, a body and its resourceVersion. */
  readonly torn: readonly string[];
  readonly changes: number;
}

const still: Clock = { now: () => Date.now(), after: () => () => {} };

export async function verify(directory: string, acknowledged: readonly Acknowledged[]): Promise<Verdict> {
  const store = await openEmbeddedStore({ directory, cluster: 'faults', clock: still });
  try {
    const logs = new Map<string, readonly Change[]>();
    const torn: string[] = [];
    for (const resource of RESOURCES) {
      const changes = await logOf(store, resource, torn);
      logs.set(resource, changes);
      torn.push(...(await disagreements(store, resource, changes)));
    }
    torn.push(...halfPairs([...logs.values()].flat()));
    const lost = acknowledged.filter((ack) => !matches(ack, logs.get(ack.resource)!)).map((ack) => `${ack.type} ${ack.resource} ${ack.key} at ${ack.rv}`);
    return { lost, torn, changes: [...logs.values()].reduce((sum, { length }) => sum + length, 0) };
  } finally {
    await store.close();
  }
}

/** The whole log; a test never writes so much that its beginning is trimmed. */
async function logOf(store: Store, resource: string, torn: string[]): Promise<readonly Change[]> {
  const frontier = await store.frontier(resource);
  const recorder = await Recorder.start(store, 1, resource);
  if (frontier > 1) await recorder.reached(frontier);
  recorder.stop();
  torn.push(...recorder.wrong.map((wrong) => `${resource}: ${wrong}`));
  recorder.changes.forEach(({ rv }, index) => {
    if (rv !== index + 2) torn.push(`${resource}: change ${index} has ${rv}`);
  });
  return recorder.changes;
}

function matches(ack: Acknowledged, changes: readonly Change[]): boolean {
  const change = changes[ack.rv - 2];
  return change !== undefined && change.type === ack.type && `${change.key.namespace}/${change.key.name}` === ack.key && markOf(change) === ack.data;
}

const markOf = (change: Change): string => parsed(change.body).data.split(' ')[0]!;

async function disagreements(store: Store, resource: string, changes: readonly Change[]): Promise<string[]> {
  const state = new Map<string, string>();
  const found: string[] = [];
  for (const change of changes) {
    const text = told(change);
    if (text.includes('(but')) found.push(`${resource}: ${text}`);
    const key = `${change.key.namespace}/${change.key.name}`;
    if (state.has(key) === (change.type === 'created')) found.push(`${resource}: ${change.type} ${text} makes no sense`);
    if (change.type === 'removed') state.delete(key);
    else state.set(key, text);
  }
  const objects = new Set((await store.list({ resource, version: 'latest' })).items.map(told));
  for (const text of state.values()) if (!objects.delete(text)) found.push(`${resource}: ${text} is in the log and not among the objects`);
  for (const text of objects) found.push(`${resource}: ${text} is among the objects and not in the log`);
  return found;
}

/** Each mark of a commit of two writes must be there twice. */
function halfPairs(changes: readonly Change[]): string[] {
  const seen = new Map<string, number>();
  for (const mark of changes.map(markOf)) if (mark.startsWith(PAIR)) seen.set(mark, (seen.get(mark) ?? 0) + 1);
  return [...seen].filter(([, count]) => count !== 2).map(([mark, count]) => `${mark} is there ${count} times`);
}
