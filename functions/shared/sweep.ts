/**
 * A deleted cluster leaves its items behind, which are removed in the background: a message that says which, worked on by the reconciler. It comes again
 * until a look finds nothing, since requests that were under way may have written after the first one.
 */
import type { Queue } from '#queue/port.ts';
import type { Installation } from './installation.ts';

/** Environments believe in a cluster for ten seconds, and requests end within a minute. Seconds. */
const LOOK_AGAIN_SECONDS = 90;
/** One function's share of the work, well below its timeout. Milliseconds. */
const LIMIT_MS = 30_000;

interface Sweep {
  readonly sweep: string;
}

/** The id of the cluster that a message wants removed. */
export function sweptBy(body: string): string | undefined {
  try {
    const { sweep } = JSON.parse(body) as Partial<Sweep>;
    return typeof sweep === 'string' ? sweep : undefined;
  } catch {
    return undefined;
  }
}

export const askSweep = (queue: Pick<Queue, 'send'>, id: string, delaySeconds = 0): Promise<void> =>
  queue.send([
    { body: JSON.stringify({ sweep: id } satisfies Sweep), group: `sweep/${id}`, dedupe: `sweep/${id}/${delaySeconds}`, ...(delaySeconds === 0 ? {} : { delaySeconds }) },
  ]);

export async function sweep({ clusters, sweepCluster, queues, clock, log }: Installation, id: string): Promise<void> {
  if (sweepCluster === undefined) return;
  const living = await clusters.get(id.split('.')[0] ?? '');
  // a message that is older than the cluster, or no id at all: what lives is never removed
  if (living?.id === id || !/^[a-z0-9-]+\.[a-z0-9]+$/.test(id)) return;
  const end = clock.now() + LIMIT_MS;
  const { removed, done } = await sweepCluster(id, () => clock.now() > end);
  log(`removed ${removed} items of the deleted cluster ${id}`);
  if (done && removed === 0) return clusters.forget(id);
  await askSweep(queues.reconcile, id, done ? LOOK_AGAIN_SECONDS : 0);
}
