/** Makes and deletes a job's pods until as many run as its parallelism and what is left to complete ask for. */
import type { ControllerContext } from '#control/controller.ts';
import type { Container, Job, Pod, PodTemplateSpec } from '#kinds/generated/types.ts';
import { isNotFound } from '#machinery/status.ts';
import { createPod, deletePod, isNamespaceTerminating, podFromTemplate } from '../replicas/manage.ts';
import { inDeletionOrder } from '../shared/deletion-order.ts';
import { nameOf, namespaceOf } from '../shared/keys.ts';
import { isReady, isTerminating } from '../shared/pods.ts';
import { slowStart } from '../shared/slow-start.ts';
import { indexBackoff, jobBackoff } from './backoff.ts';
import { judge } from './failure-policy.ts';
import { freeIndexes, indexesOf, mergeIndexes, type Indexes, NO_INDEXES } from './indexes.ts';
import {
  hasLimitPerIndex,
  INDEX,
  indexFailures,
  indexIgnoredFailures,
  INDEX_FAILURES,
  INDEX_IGNORED_FAILURES,
  indexOf,
  isIndexed,
  isSuspended,
  isTracked,
  replacesFailedOnly,
  specOf,
  TRACKING_FINALIZER,
} from './job-view.ts';

/** Pods made or deleted in one go; Kubernetes' MaxPodCreateDeletePerSync. */
const BURST = 500;
/** The longest prefix of a name that the server completes. */
const PREFIX_LENGTH = 58;

/** A job's pods at this moment, changed as pods are made and deleted. */
export interface Counts {
  active: number;
  ready: number;
  terminating: number;
}

export interface Wanted {
  readonly job: Job;
  readonly pods: readonly Pod[];
  readonly active: readonly Pod[];
  readonly succeeded: number;
  readonly succeededIndexes: Indexes;
  readonly failedIndexes: Indexes | undefined;
  /** By index: the failed pod that waits until another one carries its count of failures on. */
  readonly waiting: ReadonlyMap<number, Pod>;
}

export interface Managed {
  readonly error?: unknown;
  /** Milliseconds after which pods may be made again. */
  readonly waitMs?: number;
}

export async function removeFinalizer(pod: Pod, { client }: Pick<ControllerContext, 'client'>): Promise<void> {
  if (!isTracked(pod)) return;
  try {
    await client.patch('pods', namespaceOf(pod), nameOf(pod), {
      type: 'strategic',
      body: { metadata: { '$deleteFromPrimitiveList/finalizers': [TRACKING_FINALIZER], uid: pod.metadata.uid } },
    });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** Deletes pods, in the order given; `uncounted` ones are let go first: their end is not the job's affair. */
export async function deletePods(job: Job, pods: readonly Pod[], counts: Counts, uncounted: boolean, context: ControllerContext): Promise<unknown> {
  const results = await Promise.allSettled(
    pods.map(async (pod) => {
      if (uncounted) await removeFinalizer(pod, context);
      await deletePod(pod, job, context);
      counts.active--;
      counts.terminating++;
      if (isReady(pod)) counts.ready--;
    }),
  );
  return results.find((result) => result.status === 'rejected')?.reason;
}

/** Pods too many: of indexed jobs first those without a place, then, up to `atLeast`, the ones that have come least far. */
function superfluous({ job, active }: Wanted, atLeast: number, now: number): Pod[] {
  const order = (pods: readonly Pod[]): Pod[] => inDeletionOrder(pods, () => 0, now);
  if (!isIndexed(job)) return atLeast === 0 ? [] : order(active).slice(0, atLeast);
  const byIndex = Map.groupBy(active, indexOf);
  const [gone, left]: [Pod[], Pod[]] = [[], []];
  for (const [index, pods] of byIndex) {
    if (index === undefined || index >= (specOf(job).completions ?? 0)) gone.push(...pods);
    else {
      const ordered = pods.length === 1 ? pods : order(pods);
      gone.push(...ordered.slice(0, -1));
      left.push(ordered.at(-1)!);
    }
  }
  return gone.length >= atLeast ? gone : [...gone, ...order(left).slice(0, atLeast - gone.length)];
}

function wantedActive({ job, active, succeeded }: Wanted): number {
  const { completions, parallelism = 1 } = specOf(job);
  // without completions the first success ends it: nothing is started after that, what runs may end
  if (completions === undefined) return succeeded > 0 ? active.length : parallelism;
  return Math.max(0, Math.min(completions - succeeded, parallelism));
}

const withIndex = (container: Container): Container => {
  const env = container.env ?? [];
  if (env.some(({ name }) => name === 'JOB_COMPLETION_INDEX')) return container;
  return { ...container, env: [...env, { name: 'JOB_COMPLETION_INDEX', valueFrom: { fieldRef: { fieldPath: `metadata.labels['${INDEX}']` } } }] };
};

function failureCounts(job: Job, replaced: Pod | undefined): Record<string, string> {
  if (!hasLimitPerIndex(job)) return {};
  const counts = replaced !== undefined && judge(job, replaced).counts;
  const failures = replaced === undefined ? 0 : indexFailures(replaced) + (counts ? 1 : 0);
  const ignored = replaced === undefined ? 0 : indexIgnoredFailures(replaced) + (counts ? 0 : 1);
  return { [INDEX_FAILURES]: String(failures), ...(ignored > 0 ? { [INDEX_IGNORED_FAILURES]: String(ignored) } : {}) };
}

function templateOf(job: Job): PodTemplateSpec {
  const { template } = specOf(job);
  const finalizers = [...new Set([...(template.metadata?.finalizers ?? []), TRACKING_FINALIZER])];
  const tracked = { ...template, metadata: { ...template.metadata, finalizers } };
  if (!isIndexed(job) || template.spec === undefined) return tracked;
  const { containers, initContainers } = template.spec;
  return {
    ...tracked,
    spec: { ...template.spec, containers: containers.map(withIndex), ...(initContainers === undefined ? {} : { initContainers: initContainers.map(withIndex) }) },
  };
}

function podOf(job: Job, template: PodTemplateSpec, index: number | undefined, replaced: Pod | undefined): Pod {
  const pod = podFromTemplate(template, job);
  if (index === undefined) return pod;
  const suffix = `-${index}-`;
  const name = nameOf(job);
  pod.metadata.generateName = `${name.slice(0, PREFIX_LENGTH - suffix.length)}${suffix}`;
  pod.metadata.annotations = { ...pod.metadata.annotations, [INDEX]: String(index), ...failureCounts(job, replaced) };
  pod.metadata.labels = { ...pod.metadata.labels, [INDEX]: String(index) };
  pod.spec = { ...pod.spec!, hostname: `${name}-${index}` };
  return pod;
}

/** The indexes that may have a pod now, and how long to wait where none may. */
function nextIndexes(wanted: Wanted, count: number, now: number): { readonly indexes: readonly number[]; readonly waitMs: number } {
  const { job, active, pods, succeededIndexes, failedIndexes, waiting } = wanted;
  const indexed = (list: readonly Pod[]): Indexes => indexesOf(list.map(indexOf).filter((index) => index !== undefined));
  let taken = mergeIndexes(succeededIndexes, indexed(active));
  if (replacesFailedOnly(job)) taken = mergeIndexes(taken, indexed(pods.filter(isTerminating)));
  taken = mergeIndexes(taken, failedIndexes ?? NO_INDEXES);
  const free = freeIndexes(taken, count, specOf(job).completions ?? 0);
  if (!hasLimitPerIndex(job)) return { indexes: free, waitMs: 0 };
  const waits = free.map((index) => ({ index, ms: indexBackoff(waiting.get(index), now) }));
  const indexes = waits.filter(({ ms }) => ms === 0).map(({ index }) => index);
  return { indexes, waitMs: indexes.length > 0 || waits.length === 0 ? 0 : Math.min(...waits.map(({ ms }) => ms)) };
}

export async function managePods(wanted: Wanted, counts: Counts, context: ControllerContext): Promise<Managed> {
  const { job, pods, active, waiting } = wanted;
  const now = context.clock.now();
  if (isSuspended(job)) return { error: await deletePods(job, superfluous(wanted, active.length, now), counts, true, context) };
  const target = wantedActive(wanted);
  const gone = superfluous(wanted, Math.max(0, active.length - target), now).slice(0, BURST);
  if (gone.length > 0) return { error: await deletePods(job, gone, counts, true, context) };

  const missing = target - active.length - (replacesFailedOnly(job) ? counts.terminating : 0);
  if (missing <= 0) return {};
  if (!hasLimitPerIndex(job)) {
    const waitMs = jobBackoff(job, pods, now);
    if (waitMs > 0) return { waitMs };
  }
  let count = Math.min(missing, BURST);
  let indexes: readonly (number | undefined)[] = [];
  if (isIndexed(job)) {
    const next = nextIndexes(wanted, count, now);
    if (next.waitMs > 0) return { waitMs: next.waitMs };
    indexes = next.indexes;
    count = indexes.length;
  }
  const template = templateOf(job);
  const { error } = await slowStart(count, async (at) => {
    const index = indexes[at];
    try {
      await createPod(podOf(job, template, index, index === undefined ? undefined : waiting.get(index)), job, context);
      counts.active++;
    } catch (error) {
      if (!isNamespaceTerminating(error)) throw error;
    }
  });
  // the rest of a large job comes at once; indexes that are all taken or over come back with a change
  return error === undefined ? (missing > BURST && count === BURST ? { waitMs: 0 } : {}) : { error };
}
