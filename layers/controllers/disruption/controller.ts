/** How many of the pods of a disruption budget may go at this moment; and pods that were to go and did not, which lose the mark. */
import type { Cache, Controller, ControllerContext, Key, Mapped, Result } from '#control/controller.ts';
import { keyOf } from '#control/dispatcher.ts';
import { parseTime, timestamp } from '#control/time.ts';
import type { Pod, PodDisruptionBudget } from '#kinds/generated/types.ts';
import type { KindRegistry } from '#kinds/kind.ts';
import { type LabelSelector, type LabelSelectorObject, matches, selectorFromLabelSelector } from '#machinery/labels.ts';
import { isConflict } from '#machinery/status.ts';
import { cachedSelector } from '../replicas/set.ts';
import { findCondition } from '../shared/conditions.ts';
import { nameOf, namespaceOf, sameJson, splitKey } from '../shared/keys.ts';
import { controllerOf } from '../shared/owner.ts';
import { isReady, isTerminal } from '../shared/pods.ts';
import { expectedPods } from './scale.ts';

export const BUDGETS = 'poddisruptionbudgets.policy';
/** Before the key of a pod instead of a budget; no name holds a space. */
const POD = 'pod ';
/** An eviction that was granted is not counted any more when its pod is still there after this. */
const DELETION_MS = 120_000;
/** A pod that was to be deleted and is still there after this stays. */
const STALE_MS = 120_000;

type Status = NonNullable<PodDisruptionBudget['status']>;

const selectorOf: (budget: PodDisruptionBudget) => LabelSelector | undefined = (budget) => (budget.spec?.selector === undefined ? undefined : parsed(budget));
const parsed = cachedSelector((budget) => selectorFromLabelSelector((budget as PodDisruptionBudget).spec!.selector as LabelSelectorObject));
const selects = (budget: PodDisruptionBudget, pod: Pod): boolean => {
  const selector = selectorOf(budget);
  return selector !== undefined && matches(selector, pod.metadata.labels);
};

/** A percent of the whole, rounded up. */
const scaled = (value: number | string, whole: number): number => (typeof value === 'number' ? value : Math.ceil((Number.parseInt(value, 10) * whole) / 100));

interface Count {
  readonly expected: number;
  readonly desired: number;
}

async function countOf(budget: PodDisruptionBudget, pods: readonly Pod[], registry: KindRegistry, context: ControllerContext): Promise<Count> {
  const { minAvailable, maxUnavailable, selector } = budget.spec ?? {};
  if (maxUnavailable === undefined && typeof minAvailable !== 'string') return { expected: minAvailable === undefined ? 0 : pods.length, desired: minAvailable ?? 0 };
  const { count, unmanaged } = await expectedPods(pods, registry, context);
  if (unmanaged.length > 0)
    context.event(
      budget,
      'Warning',
      'UnmanagedPods',
      `Pods selected by this PodDisruptionBudget (selector: ${JSON.stringify(selector)}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.`,
    );
  return { expected: count, desired: maxUnavailable === undefined ? scaled(minAvailable!, count) : Math.max(0, count - scaled(maxUnavailable, count)) };
}

/** Evictions granted whose pods are not on their way out yet, and when the first of them is given up. */
function disrupted(
  budget: PodDisruptionBudget,
  pods: readonly Pod[],
  { clock, event }: ControllerContext,
): { readonly pods: Record<string, string>; readonly until: number | undefined } {
  const granted = budget.status?.disruptedPods ?? {};
  const found: Record<string, string> = {};
  let until: number | undefined;
  for (const pod of pods) {
    const since = granted[nameOf(pod)];
    if (since === undefined || pod.metadata.deletionTimestamp !== undefined) continue;
    const end = (parseTime(since) ?? 0) + DELETION_MS;
    if (end < clock.now()) event(pod, 'Warning', 'NotDeleted', `Pod was expected by PDB ${namespaceOf(budget)}/${nameOf(budget)} to be deleted but it wasn't`);
    else {
      found[nameOf(pod)] = since;
      until = Math.min(until ?? end, end);
    }
  }
  return { pods: found, until };
}

function withAllowed(status: Status, condition: { readonly status: 'True' | 'False'; readonly reason: string; readonly message: string }, now: number): Status {
  const old = findCondition(status.conditions, 'DisruptionAllowed');
  const next = {
    type: 'DisruptionAllowed',
    ...condition,
    lastTransitionTime: (old?.status === condition.status ? old.lastTransitionTime : undefined) ?? timestamp(now),
    ...(status.observedGeneration === undefined ? {} : { observedGeneration: status.observedGeneration }),
  };
  return { ...status, conditions: [...(status.conditions ?? []).filter(({ type }) => type !== 'DisruptionAllowed'), next] };
}

async function syncBudget(budget: PodDisruptionBudget, registry: KindRegistry, context: ControllerContext): Promise<Result> {
  const { cache, client, clock, event } = context;
  const now = clock.now();
  const write = async (status: Status): Promise<void> => {
    if (!sameJson(status, budget.status ?? {})) await client.update<PodDisruptionBudget>(BUDGETS, { ...budget, status }, 'status');
  };
  try {
    const pods = cache.list<Pod>('pods', namespaceOf(budget)).filter((pod) => selects(budget, pod));
    if (pods.length === 0) event(budget, 'Normal', 'NoPods', 'No matching pods found');
    const { expected, desired } = await countOf(budget, pods, registry, context);
    const leaving = disrupted(budget, pods, context);
    const healthy = pods.filter((pod) => pod.metadata.deletionTimestamp === undefined && leaving.pods[nameOf(pod)] === undefined && isReady(pod)).length;
    const allowed = expected <= 0 ? 0 : Math.max(0, healthy - desired);
    const status: Status = {
      ...(budget.status?.conditions === undefined ? {} : { conditions: budget.status.conditions }),
      currentHealthy: healthy,
      desiredHealthy: desired,
      ...(Object.keys(leaving.pods).length === 0 ? {} : { disruptedPods: leaving.pods }),
      disruptionsAllowed: allowed,
      expectedPods: expected,
      observedGeneration: budget.metadata.generation ?? 0,
    };
    await write(withAllowed(status, { status: allowed > 0 ? 'True' : 'False', reason: allowed > 0 ? 'SufficientPods' : 'InsufficientPods', message: '' }, now));
    return leaving.until === undefined ? {} : { requeueAfterSeconds: (leaving.until - now) / 1000 };
  } catch (error) {
    if (isConflict(error)) throw error;
    const message = error instanceof Error ? error.message : String(error);
    event(budget, 'Warning', 'CalculateExpectedPodCountFailed', `Failed to calculate the number of expected pods: ${message}`);
    // whoever evicts must not go by numbers that are no longer true
    const { currentHealthy = 0, desiredHealthy = 0, expectedPods: expected = 0, ...rest } = budget.status ?? ({} as Partial<Status>);
    await write(withAllowed({ ...rest, currentHealthy, desiredHealthy, expectedPods: expected, disruptionsAllowed: 0 }, { status: 'False', reason: 'SyncFailed', message }, now));
    return {};
  }
}

/** When the mark is given up, in ms; undefined for a pod that has none, or is leaving, or was marked by its node. */
function staleAt({ metadata, status }: Pod, isOver: boolean): number | undefined {
  const mark = findCondition(status?.conditions, 'DisruptionTarget');
  if (metadata.deletionTimestamp !== undefined || isOver || mark?.status !== 'True' || mark.reason === 'TerminationByKubelet') return undefined;
  return (parseTime(mark.lastTransitionTime) ?? 0) + STALE_MS;
}

async function syncPod(key: Key, { cache, client, clock }: ControllerContext): Promise<Result> {
  const { namespace, name } = splitKey(key);
  const pod = cache.get<Pod>('pods', namespace, name);
  const at = pod === undefined ? undefined : staleAt(pod, isTerminal(pod));
  if (pod === undefined || at === undefined) return {};
  const now = clock.now();
  if (at > now) return { requeueAfterSeconds: (at - now) / 1000 };
  const generation = pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation };
  const condition = { type: 'DisruptionTarget', status: 'False', reason: null, message: null, lastTransitionTime: timestamp(now), ...generation };
  await client.patch('pods', namespace, name, { type: 'strategic', body: { metadata: { uid: pod.metadata.uid }, status: { conditions: [condition] } } }, 'status');
  return {};
}

/** What a budget's numbers depend on. */
function counts(pod: Pod | undefined): unknown {
  return pod === undefined
    ? undefined
    : { labels: pod.metadata.labels ?? {}, ready: isReady(pod), leaving: pod.metadata.deletionTimestamp !== undefined, owner: controllerOf(pod)?.uid ?? '' };
}

function podKeys({ old, now }: Mapped, cache: Cache): readonly Key[] {
  const [before, pod] = [old as Pod | undefined, now as Pod | undefined];
  const keys: Key[] = [];
  if (pod !== undefined && staleAt(pod, isTerminal(pod)) !== undefined) keys.push(`${POD}${keyOf(pod)}`);
  if (sameJson(counts(before), counts(pod))) return keys;
  for (const budget of cache.list<PodDisruptionBudget>(BUDGETS, namespaceOf((now ?? old)!)))
    if ((before !== undefined && selects(budget, before)) || (pod !== undefined && selects(budget, pod))) keys.push(keyOf(budget));
  return keys;
}

/** The budgets over the pods of an owner whose size changed. */
function scaledKeys({ old, now }: Mapped, cache: Cache): readonly Key[] {
  const replicas = (object: Mapped['now']): unknown => (object?.['spec'] as { replicas?: number } | undefined)?.replicas;
  if (old === undefined || now === undefined || replicas(old) === replicas(now)) return [];
  return cache.list<PodDisruptionBudget>(BUDGETS, namespaceOf(now)).map(keyOf);
}

export function disruptionController({ registry }: { readonly registry: KindRegistry }): Controller {
  return {
    name: 'disruption-controller',
    watches: [
      { resource: BUDGETS },
      { resource: 'pods', keys: podKeys },
      ...['replicationcontrollers', 'replicasets.apps', 'deployments.apps', 'statefulsets.apps'].map((resource) => ({ resource, keys: scaledKeys })),
    ],
    async reconcile(key, context) {
      if (key.startsWith(POD)) return syncPod(key.slice(POD.length), context);
      const { namespace, name } = splitKey(key);
      const budget = context.cache.get<PodDisruptionBudget>(BUDGETS, namespace, name);
      return budget === undefined || budget.metadata.deletionTimestamp !== undefined ? {} : syncBudget(budget, registry, context);
    },
  };
}
