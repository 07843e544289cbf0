/**
 * Events on objects of the node, as client-go's recorder sends them: equal events are counted on one object, more than ten similar
 * ones are combined, and one object may not flood the cluster. Sending is in the background and may fail: events are a courtesy.
 */
import type { Clock } from '#machinery/clock.ts';
import type { KubeObject } from '#machinery/object.ts';
import type { ClusterSource } from '../api/source.ts';
import { isMissing } from '../api/errors.ts';

/** Similar events differ in their message only. */
const SIMILAR_LIMIT = 10;
const SIMILAR_WINDOW_MS = 600_000;
/** Per object: a burst, then one each five minutes. */
const BURST = 25;
const REFILL_MS = 300_000;
/** Bounds on memory: events remembered for counting, and waiting to be sent while the cluster is away. */
const REMEMBERED = 1024;
const QUEUED = 256;

export interface EventTarget {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion?: string;
  readonly fieldPath?: string;
}

export interface EventRecorder {
  record(target: EventTarget, type: 'Normal' | 'Warning', reason: string, message: string): void;
}

interface Known {
  readonly namespace: string;
  readonly name: string;
  readonly first: string;
  count: number;
  created: boolean;
}

/** A map that forgets what was put in first. */
function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > REMEMBERED) map.delete(map.keys().next().value!);
}

const seconds = (milliseconds: number): string => `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;

export function createEventRecorder(cluster: Pick<ClusterSource, 'createEvent' | 'patchEvent'>, clock: Clock, node: string): EventRecorder {
  const known = new Map<string, Known>();
  const similar = new Map<string, { messages: Set<string>; since: number }>();
  const budgets = new Map<string, { tokens: number; at: number }>();
  const queue: (() => Promise<void>)[] = [];
  let sending = false;
  let serial = 0;

  function allowed(object: string): boolean {
    const now = clock.now();
    const budget = budgets.get(object) ?? { tokens: BURST, at: now };
    const tokens = Math.min(BURST, budget.tokens + (now - budget.at) / REFILL_MS);
    remember(budgets, object, { tokens: tokens >= 1 ? tokens - 1 : tokens, at: now });
    return tokens >= 1;
  }

  function combined(key: string, message: string): string | undefined {
    const now = clock.now();
    let entry = similar.get(key);
    if (entry === undefined || now - entry.since > SIMILAR_WINDOW_MS) entry = { messages: new Set(), since: now };
    entry.messages.add(message);
    remember(similar, key, entry);
    return entry.messages.size > SIMILAR_LIMIT ? `(combined from similar events): ${message}` : undefined;
  }

  async function send(): Promise<void> {
    if (sending) return;
    sending = true;
    for (let work = queue.shift(); work !== undefined; work = queue.shift()) await work().catch(() => undefined);
    sending = false;
  }

  return {
    record(target, type, reason, message) {
      const object = `${target.kind}/${target.uid}/${target.fieldPath ?? ''}`;
      if (!allowed(object)) return;
      const group = combined(`${object}/${type}/${reason}`, message);
      const key = `${object}/${type}/${reason}/${group === undefined ? message : ''}`;
      const text = (group ?? message).slice(0, 1024);
      const now = clock.now();
      const repeated = known.get(key);
      const namespace = target.namespace ?? 'default';
      const entry: Known = repeated ?? {
        namespace,
        name: `${target.name}.${(BigInt(now) * 1_000_000n + BigInt(serial++ % 1_000_000)).toString(16)}`,
        first: seconds(now),
        count: 0,
        created: false,
      };
      entry.count++;
      remember(known, key, entry);
      const body: KubeObject = {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: entry.name, namespace },
        involvedObject: target,
        reason,
        message: text,
        source: { component: 'kubelet', host: node },
        firstTimestamp: entry.first,
        lastTimestamp: seconds(now),
        count: entry.count,
        type,
        reportingComponent: 'kubelet',
        reportingInstance: node,
      };
      if (queue.length >= QUEUED) queue.shift();
      queue.push(async () => {
        if (entry.created) {
          try {
            return await cluster.patchEvent({ namespace, name: entry.name, body: { ...body, metadata: { name: entry.name, namespace } } });
          } catch (error) {
            // It expired meanwhile: make it again.
            if (!isMissing(error)) throw error;
          }
        }
        await cluster.createEvent({ namespace, name: entry.name, body });
        entry.created = true;
      });
      void send();
    },
  };
}
