/**
 * What client-go's EventCorrelator does before an event is written (kubernetes.md 6.8): similar events become one, equal ones a
 * count, and an object that is noisy without end is cut off. State is small, bounded and may be lost: then a count begins anew.
 */
import type { Clock } from '#machinery/clock.ts';

/** Keys kept of each kind; client-go's maxLruCacheEntries. */
const ENTRIES = 4096;
/** Events that differ in their message only and are more than this within the interval become one. */
const SIMILAR = 10;
const SIMILAR_INTERVAL_MS = 600_000;
/** Tokens of one source and object: so many at once, and one more each 300 s. */
const BURST = 25;
const REFILL_MS = 300_000;

export interface EventFacts {
  readonly component: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly apiVersion: string;
  readonly fieldPath: string;
  readonly type: string;
  readonly reason: string;
  readonly message: string;
}

/** An event that was written before, and is counted up. */
export interface Known {
  name: string;
  count: number;
  firstTimestamp: string;
}

export type Correlated =
  | { readonly action: 'drop' }
  | { readonly action: 'write'; readonly message: string; readonly known: Known | undefined; readonly remember: (known: Known) => void };

class Recent<V> {
  readonly #map = new Map<string, V>();
  get(key: string): V | undefined {
    const value = this.#map.get(key);
    if (value !== undefined) {
      this.#map.delete(key);
      this.#map.set(key, value);
    }
    return value;
  }
  set(key: string, value: V): void {
    this.#map.delete(key);
    this.#map.set(key, value);
    if (this.#map.size > ENTRIES) this.#map.delete(this.#map.keys().next().value!);
  }
}

export function createCorrelator(clock: Clock): (event: EventFacts) => Correlated {
  const similar = new Recent<{ messages: Set<string>; last: number }>();
  const known = new Recent<Known>();
  const tokens = new Recent<{ left: number; at: number }>();

  /** The message to write and the key under which equal events are counted. */
  function aggregate(event: EventFacts): { message: string; key: string } {
    const aggregateKey = JSON.stringify([event.component, event.kind, event.namespace, event.name, event.uid, event.apiVersion, event.type, event.reason]);
    const equalKey = JSON.stringify([aggregateKey, event.fieldPath, event.message]);
    const now = clock.now();
    let record = similar.get(aggregateKey);
    if (record === undefined || now - record.last > SIMILAR_INTERVAL_MS) record = { messages: new Set(), last: now };
    record.messages.add(event.message);
    record.last = now;
    similar.set(aggregateKey, record);
    if (record.messages.size < SIMILAR) return { message: event.message, key: equalKey };
    // bounded: which message it was no longer matters
    record.messages.delete(record.messages.values().next().value!);
    return { message: `(combined from similar events): ${event.message}`, key: aggregateKey };
  }

  function allowed(event: EventFacts): boolean {
    const key = JSON.stringify([event.component, event.kind, event.namespace, event.name, event.uid, event.apiVersion]);
    const now = clock.now();
    const bucket = tokens.get(key) ?? { left: BURST, at: now };
    bucket.left = Math.min(BURST, bucket.left + (now - bucket.at) / REFILL_MS);
    bucket.at = now;
    const pass = bucket.left >= 1;
    if (pass) bucket.left--;
    tokens.set(key, bucket);
    return pass;
  }

  return (event) => {
    const { message, key } = aggregate(event);
    const before = known.get(key);
    if (!allowed(event)) return { action: 'drop' };
    return { action: 'write', message, known: before, remember: (value) => known.set(key, value) };
  };
}
