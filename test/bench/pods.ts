/** From the creation of pods to the last of them Ready, beside the bare Docker calls for the same containers; then until the last is gone. */
import { ensureTestImage, TEST_IMAGE } from '../helpers/image.ts';
import { barePods, hasDocker } from './docker.ts';
import { eventReader } from './events.ts';
import type { Outcome, Row, Subject } from './row.ts';

/** What is not there by then will not come (milliseconds). */
const LIMIT = 120_000;
const COMMAND = ['sh', '-c', 'trap exit TERM; while :; do sleep 1 & wait; done'];

const pod = (name: string): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { terminationGracePeriodSeconds: 1, automountServiceAccountToken: false, containers: [{ name: 'c', image: TEST_IMAGE, command: COMMAND }] },
  });

async function pods(subject: Subject, count: number): Promise<Outcome> {
  const missing = hasDocker() ? await ensureTestImage() : 'there is no Docker';
  if (missing !== undefined) return { text: `not measured: ${missing}`, failed: 0 };
  const bare = await barePods(count, TEST_IMAGE, COMMAND);
  const path = `/api/v1/namespaces/${subject.namespace}/pods`;
  const names = Array.from({ length: count }, (_, index) => `start-${count}-${index}`);
  const [writer, watcher] = await Promise.all([subject.target.client(), subject.target.client()]);
  try {
    const rv = /"resourceVersion": ?"(\d+)"/.exec((await writer.send('GET', `${path}?limit=1`, undefined, undefined, true)).text)?.[1] ?? '0';
    const [ready, gone] = [new Set<string>(), new Set<string>()];
    const [allReady, allGone] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const reader = eventReader(({ type, object }) => {
      const { name } = object.metadata;
      if (!names.includes(name)) return;
      if (object.status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') === true) ready.add(name);
      if (type === 'DELETED') gone.add(name);
      if (ready.size === count) allReady.resolve();
      if (gone.size === count) allGone.resolve();
    });
    await watcher.stream(`${path}?watch=1&resourceVersion=${rv}`, reader);
    const timed = async (what: string, act: (name: string) => Promise<number>, over: Promise<void>): Promise<number> => {
      const began = performance.now();
      for (const name of names) {
        const status = await act(name);
        if (status >= 300) throw new Error(`a pod could not be ${what}: ${status}`);
      }
      const late = new Promise<never>((_, reject) => setTimeout(() => reject(new Error(`not all pods were ${what} within ${LIMIT / 1000} s`)), LIMIT).unref());
      await Promise.race([over, late]);
      return (performance.now() - began) / 1000;
    };
    const start = await timed('Ready', async (name) => (await writer.send('POST', path, pod(name))).status, allReady.promise);
    const end = await timed('gone', async (name) => (await writer.send('DELETE', `${path}/${name}`)).status, allGone.promise);
    return { text: `${start.toFixed(2)} s, ${(start / bare).toFixed(2)} times bare Docker's ${bare.toFixed(2)} s; deleted in ${end.toFixed(2)} s`, failed: 0 };
  } finally {
    writer.close();
    watcher.close();
  }
}

export const POD_ROWS: readonly Row[] = [
  { id: 'pods-1', title: 'one pod: created to Ready', kubernetes: '0.74 s; deleted in 1.3 s', goal: '1.3 times Docker', run: (subject) => pods(subject, 1) },
  { id: 'pods-30', title: '30 pods at once: created to Ready', kubernetes: '6.9 s; deleted in 6.2 s', goal: '1.3 times Docker', run: (subject) => pods(subject, 30) },
];
