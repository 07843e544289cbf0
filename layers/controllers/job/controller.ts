/** Jobs, and the pods that outlive them: these lose the finalizer that kept them for the count. */
import type { Cache, Controller, ControllerContext, Key, Mapped, Result } from '#control/controller.ts';
import { keyOf } from '#control/dispatcher.ts';
import type { Job, Pod } from '#kinds/generated/types.ts';
import { type LabelSelector, type LabelSelectorObject, matches, selectorFromLabelSelector } from '#machinery/labels.ts';
import type { KubeObject } from '#machinery/object.ts';
import { nameOf, namespaceOf, splitKey } from '../shared/keys.ts';
import { controllerOf, ownerKeys } from '../shared/owner.ts';
import { cachedSelector } from '../replicas/set.ts';
import { isFinished, isForeign, isSuspended, isTracked, JOBS, specOf } from './job-view.ts';
import { removeFinalizer } from './manage.ts';
import { syncJob } from './sync.ts';

/** Before the key of a pod instead of a job; no name holds a space. */
const POD = 'pod ';

const selectorOf: (job: KubeObject) => LabelSelector = cachedSelector((job) => selectorFromLabelSelector(specOf(job as Job).selector as LabelSelectorObject | undefined));
const selects = (job: KubeObject, { metadata }: KubeObject): boolean => selectorOf(job).requirements.length > 0 && matches(selectorOf(job), metadata.labels);

function jobOf(pod: Pod, cache: Cache): Job | undefined {
  const reference = controllerOf(pod);
  const job = reference?.kind === 'Job' ? cache.get<Job>(JOBS, namespaceOf(pod), reference.name) : undefined;
  return job?.metadata.uid === reference?.uid ? job : undefined;
}

/** Nobody counts this pod any more. */
function isForgotten(pod: Pod, cache: Cache): boolean {
  if (!isTracked(pod)) return false;
  const reference = controllerOf(pod);
  if (reference !== undefined && (reference.kind !== 'Job' || reference.apiVersion !== 'batch/v1')) return false;
  const job = jobOf(pod, cache);
  return job === undefined || (isFinished(job) && !isForeign(job));
}

async function reconcile(key: Key, context: ControllerContext): Promise<Result> {
  const { cache } = context;
  if (key.startsWith(POD)) {
    const { namespace, name } = splitKey(key.slice(POD.length));
    const pod = cache.get<Pod>('pods', namespace, name);
    if (pod !== undefined && isForgotten(pod, cache)) await removeFinalizer(pod, context);
    return {};
  }
  const { namespace, name } = splitKey(key);
  const job = cache.get<Job>(JOBS, namespace, name);
  if (job === undefined || isForeign(job) || isFinished(job)) return {};
  return syncJob(job, context);
}

function podKeys(change: Mapped, cache: Cache): readonly Key[] {
  const keys = ownerKeys(change, cache, JOBS, 'Job', selects);
  return change.now !== undefined && isForgotten(change.now as Pod, cache) ? [...keys, `${POD}${keyOf(change.now)}`] : keys;
}

/** A job's own key; at its end those of the pods that it may have left. */
function jobKeys({ old, now }: Mapped, cache: Cache): readonly Key[] {
  const job = (now ?? old) as Job;
  if (now !== undefined && !isFinished(job)) return [keyOf(job)];
  return cache
    .ownedBy<Pod>('pods', job.metadata.uid!)
    .filter(isTracked)
    .map((pod) => `${POD}${namespaceOf(pod)}/${nameOf(pod)}`);
}

/** Jobs that have fewer pods than they may: more quota may help them. */
function shortJobs({ old, now }: Mapped, cache: Cache): readonly Key[] {
  return cache
    .list<Job>(JOBS, namespaceOf((now ?? old)!))
    .filter((job) => !isFinished(job) && !isSuspended(job) && (job.status?.active ?? 0) < (specOf(job).parallelism ?? 1))
    .map(keyOf);
}

export function jobController(): Controller {
  return {
    name: 'job-controller',
    watches: [
      { resource: JOBS, keys: jobKeys },
      { resource: 'pods', keys: podKeys },
      { resource: 'resourcequotas', keys: shortJobs },
    ],
    concurrency: 16,
    reconcile,
  };
}
