/** What the contract's tests have in common: a server over a store in memory, and small objects to ask it about. */
import { afterAll, beforeAll } from 'vitest';
import { type Harness, startHarness, type Stream } from '#apiserver/testing/harness.ts';
import type { ApiServerOptions } from '#apiserver/server.ts';
import type { Clock } from '#machinery/clock.ts';
import { systemClock } from '#machinery/system.ts';

/** One server for all tests of a file: its tests use names or namespaces of their own. */
export function contractServer(options: () => Promise<Partial<ApiServerOptions>> | Partial<ApiServerOptions> = () => ({})): () => Harness {
  let harness: Harness;
  beforeAll(async () => void (harness = await startHarness(await options())));
  afterAll(() => harness.close());
  return () => harness;
}

export const configMap = (name: string, labels: Readonly<Record<string, string>> = {}, data: Readonly<Record<string, string>> = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, labels },
  data,
});

export const mapsIn = (namespace: string): string => `/api/v1/namespaces/${namespace}/configmaps`;

export const pod = (name: string, spec: Readonly<Record<string, unknown>> = {}, metadata: Readonly<Record<string, unknown>> = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, ...metadata },
  spec: { containers: [{ name: 'c', image: 'example/app:1' }], ...spec },
});

export const deployment = (name: string, replicas?: number) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    ...(replicas === undefined ? {} : { replicas }),
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'example/app:1' }] } },
  },
});

export const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';
export const PROTOBUF = 'application/vnd.kubernetes.protobuf';

/** Events as `ADDED name`. */
export const seen = ({ events }: Stream): string[] => events.map(({ type, object }) => `${type} ${String(object.metadata['name'] ?? '-')}`);

/** The step of watches, and all that is longer. */
const LONG_MS = 1_000;

/** The system's time and what tests let pass; long timers run when they do. */
export function leapingClock(): { readonly clock: Clock; pass(seconds: number): void } {
  let ahead = 0;
  const timers = new Set<{ readonly at: number; readonly act: () => void }>();
  const now = (): number => systemClock.now() + ahead;
  return {
    clock: {
      ...systemClock,
      now,
      after(milliseconds, act) {
        if (milliseconds < LONG_MS) return systemClock.after(milliseconds, act);
        const timer = { at: now() + milliseconds, act };
        timers.add(timer);
        return () => void timers.delete(timer);
      },
    },
    pass(seconds) {
      ahead += seconds * 1000;
      for (const timer of [...timers].filter(({ at }) => at <= now())) if (timers.delete(timer)) timer.act();
    },
  };
}
