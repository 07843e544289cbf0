/** Writes Events about objects, behind what is being done: a recorder that cannot write drops, and never holds up a reconcile. */
import type { Clock } from '#machinery/clock.ts';
import type { KubeObject } from '#machinery/object.ts';
import { ApiError, isNotFound } from '#machinery/status.ts';
import type { Client } from '../client.ts';
import { createCorrelator, type EventFacts } from './correlator.ts';

/** Events that wait to be written; client-go's queue has the same length, and drops what comes after. */
const WAITING = 1000;
/** Writes at once: events must not take the API server from those who do the work. */
const WRITERS = 4;
/** Attempts of one event at a server that does not answer. */
const ATTEMPTS = 3;

export interface EventRecorder {
  record(
    component: string,
    object: KubeObject,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
    options?: { readonly fieldPath?: string; readonly action?: string },
  ): void;
  /** Resolves when everything recorded until now is written or given up. */
  flush(): Promise<void>;
}

/** Seconds, as `metav1.Time` is written. */
const seconds = (ms: number): string => new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');

function factsOf(component: string, object: KubeObject, type: string, reason: string, message: string, fieldPath: string): EventFacts {
  const { namespace = '', name = '', uid = '' } = object.metadata;
  return { component, kind: object.kind, namespace, name, uid, apiVersion: object.apiVersion, fieldPath, type, reason, message };
}

export function createEventRecorder({ client, clock, onError }: { client: Client; clock: Clock; onError?(what: string, error: unknown): void }): EventRecorder {
  const correlate = createCorrelator(clock);
  const waiting: { readonly about: string; write(): Promise<void> }[] = [];
  /** Objects whose events are being written: the count of equal events needs them one after the other. */
  const busy = new Set<string>();
  let writers = 0;
  let flushed: (() => void)[] = [];
  let serial = 0;

  async function write(facts: EventFacts, object: KubeObject, action: string | undefined): Promise<void> {
    const result = correlate(facts);
    if (result.action === 'drop') return;
    // events of objects without a namespace stand in `default`
    const namespace = facts.namespace === '' ? 'default' : facts.namespace;
    const at = seconds(clock.now());
    if (result.known !== undefined) {
      const count = result.known.count + 1;
      try {
        await client.patch('events', namespace, result.known.name, { type: 'strategic', body: { count, lastTimestamp: at, message: result.message } });
        result.remember({ ...result.known, count });
        return;
      } catch (error) {
        // expired meanwhile: written anew below, with the count going on
        if (!isNotFound(error)) throw error;
      }
    }
    // client-go takes nanoseconds for the suffix; milliseconds and a serial are as unique in one recorder
    const name = `${facts.name.slice(0, 230)}.${(BigInt(Math.floor(clock.now())) * 1_000_000n + BigInt(serial++ % 1_000_000)).toString(16)}`;
    const count = (result.known?.count ?? 0) + 1;
    const firstTimestamp = result.known?.firstTimestamp ?? at;
    await client.create('events', {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace },
      involvedObject: {
        apiVersion: facts.apiVersion,
        kind: facts.kind,
        ...(facts.namespace === '' ? {} : { namespace: facts.namespace }),
        name: facts.name,
        uid: facts.uid,
        ...(object.metadata.resourceVersion === undefined ? {} : { resourceVersion: object.metadata.resourceVersion }),
        ...(facts.fieldPath === '' ? {} : { fieldPath: facts.fieldPath }),
      },
      reason: facts.reason,
      message: result.message,
      source: { component: facts.component },
      firstTimestamp,
      lastTimestamp: at,
      count,
      type: facts.type,
      ...(action === undefined ? {} : { action }),
      reportingComponent: facts.component,
      reportingInstance: '',
    });
    result.remember({ name, count, firstTimestamp });
  }

  async function attempt(facts: EventFacts, object: KubeObject, action: string | undefined): Promise<void> {
    for (let left = ATTEMPTS; ; left--) {
      try {
        await write(facts, object, action);
        return;
      } catch (error) {
        // refused (namespace on its way out, object gone): as good as written
        if (error instanceof ApiError && error.status.code < 500 && error.status.code !== 429) return;
        if (left <= 1) {
          onError?.('recording an event', error);
          return;
        }
      }
    }
  }

  function next(): void {
    while (writers < WRITERS) {
      const at = waiting.findIndex(({ about }) => !busy.has(about));
      if (at < 0) break;
      const [job] = waiting.splice(at, 1);
      writers++;
      busy.add(job!.about);
      void job!.write().finally(() => {
        writers--;
        busy.delete(job!.about);
        next();
      });
    }
    if (writers === 0 && waiting.length === 0) {
      for (const resolve of flushed) resolve();
      flushed = [];
    }
  }

  return {
    record(component, object, type, reason, message, options) {
      if (waiting.length >= WAITING) return;
      const facts = factsOf(component, object, type, reason, message, options?.fieldPath ?? '');
      waiting.push({ about: `${facts.uid}/${facts.name}`, write: () => attempt(facts, object, options?.action) });
      next();
    },
    flush: () =>
      writers === 0 && waiting.length === 0
        ? Promise.resolve()
        : new Promise((resolve) => {
            flushed.push(resolve);
          }),
  };
}
