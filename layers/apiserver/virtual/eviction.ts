/** `pods/eviction`: a delete that asks the disruption budget first (`registry/core/pod/storage/eviction.go`). */
import { type LabelSelectorObject, matches, selectorFromLabelSelector } from '#machinery/labels.ts';
import type { KubeObject } from '#machinery/object.ts';
import { badRequest, conflict, forbiddenRequest, isConflict, success, tooManyRequests } from '#machinery/status.ts';
import { timestamp } from '#machinery/time.ts';
import { type DeleteOptions, checkDeleteOptions, remove } from '../verbs/delete.ts';
import { parseBytes } from '../write/body.ts';
import { callFor, type Condition, mutate, readObject, setCondition } from './mutate.ts';
import type { VirtualHandler, VirtualRequest } from './port.ts';

interface Eviction extends KubeObject {
  deleteOptions?: Omit<DeleteOptions, 'dryRun'> & { dryRun?: readonly string[] };
}

interface Pod extends KubeObject {
  status?: { phase?: string; conditions?: Condition[] };
}

interface Budget extends KubeObject {
  spec: { selector?: LabelSelectorObject; unhealthyPodEvictionPolicy?: string };
  status?: {
    observedGeneration?: number;
    disruptionsAllowed?: number;
    currentHealthy?: number;
    desiredHealthy?: number;
    disruptedPods?: Record<string, string>;
    conditions?: Condition[];
  };
}

const PDB = 'poddisruptionbudgets.policy';
const PDB_REF = { group: 'policy', resource: 'poddisruptionbudgets' };
const REFUSED = "Cannot evict pod as it would violate the pod's disruption budget.";
/** Evictions that the budget's controller has not seen yet; more would make the budget too large. */
const MAX_DISRUPTED = 2000;
/** Seconds to wait while a changed budget is not counted yet. */
const PROCESSING_WAIT = 10;
const TRIES = 16;

const blocked = (why: string, wait = 0): Error => tooManyRequests(REFUSED, wait, [{ reason: 'DisruptionBudget', message: why }]);

/** A pod that does not run, or goes anyway, disrupts nothing. */
function ignoresBudgets({ metadata, status }: Pod): boolean {
  const phase = status?.phase;
  return phase === 'Succeeded' || phase === 'Failed' || phase === 'Pending' || metadata.deletionTimestamp !== undefined;
}

const isReady = ({ status }: Pod): boolean => status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true;

async function budgetsOf({ services, namespace }: VirtualRequest, pod: Pod): Promise<readonly Budget[]> {
  const page = await services.store.list({ resource: PDB, namespace, version: 'latest' });
  return page.items
    .map(({ body }) => parseBytes<Budget>(body))
    .filter(({ spec }) => spec.selector !== undefined && matches(selectorFromLabelSelector(spec.selector), pod.metadata.labels));
}

/** Unready pods may go although the budget is used up, if its owner says so or it is met without them. */
function freeOfBudget(pod: Pod, { spec, status = {} }: Budget): boolean {
  if (isReady(pod)) return false;
  if (spec.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
  return (status.desiredHealthy ?? 0) > 0 && (status.currentHealthy ?? 0) >= (status.desiredHealthy ?? 0);
}

/** Takes one disruption from the budget. @throws ApiError 429 */
function charge(budget: Budget, pod: string, now: string): void {
  const { metadata } = budget;
  const status = (budget.status ??= {});
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0))
    throw blocked(`The disruption budget ${metadata.name} is still being processed by the server.`, PROCESSING_WAIT);
  const allowed = status.disruptionsAllowed ?? 0;
  if (allowed < 0) throw forbiddenRequest(PDB_REF, metadata.name!, 'pdb disruptions allowed is negative');
  if (Object.keys(status.disruptedPods ?? {}).length > MAX_DISRUPTED)
    throw forbiddenRequest(PDB_REF, metadata.name!, 'DisruptedPods map too big - too many evictions not confirmed by PDB controller');
  if (allowed === 0) {
    const failed = status.conditions?.find(({ type, reason }) => type === 'DisruptionAllowed' && reason === 'SyncFailed');
    throw blocked(
      failed === undefined
        ? `The disruption budget ${metadata.name} needs ${status.desiredHealthy ?? 0} healthy pods and has ${status.currentHealthy ?? 0} currently`
        : `The disruption budget ${metadata.name} does not allow evicting pods currently because it failed sync: ${failed.message ?? ''}`,
    );
  }
  status.disruptionsAllowed = allowed - 1;
  if (allowed === 1)
    setCondition(
      (status.conditions ??= []),
      { type: 'DisruptionAllowed', status: 'False', reason: 'InsufficientPods', message: '', observedGeneration: status.observedGeneration ?? 0 },
      now,
    );
  // the controller counts the pod as gone until it sees that, or two minutes have passed
  (status.disruptedPods ??= {})[pod] = now;
}

function optionsOf(eviction: Eviction, request: VirtualRequest): DeleteOptions {
  const { dryRun, ...options } = eviction.deleteOptions ?? {};
  const full = { ...options, dryRun: request.dryRun || (dryRun ?? []).length > 0 };
  checkDeleteOptions(full);
  return full;
}

async function markAndDelete(request: VirtualRequest, options: DeleteOptions, pod: Pod): Promise<void> {
  const call = callFor(request, 'pods', request.namespace, request.name);
  const uid = pod.metadata.uid!;
  if (!options.dryRun) {
    const now = timestamp(request.services.clock.now());
    await mutate<Pod>(call, false, (current) => {
      if (current.metadata.uid !== uid)
        throw conflict({ group: '', resource: 'pods' }, request.name, `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${current.metadata.uid}`);
      const conditions = ((current.status ??= {}).conditions ??= []);
      setCondition(conditions, { type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI', message: 'Eviction API: evicting' }, now);
    });
  }
  // a resourceVersion that the client insisted on was that of the pod before its condition was set
  const { resourceVersion: _, ...preconditions } = options.preconditions ?? {};
  await remove(call, { ...options, preconditions: { uid, ...preconditions } });
}

export const podEviction: VirtualHandler = {
  group: '',
  version: 'v1',
  resource: 'pods',
  subresource: 'eviction',
  namespaced: true,
  body: { group: 'policy', version: 'v1', kind: 'Eviction' },
  async create(request) {
    const { name, namespace } = request;
    const eviction = request.object as Eviction;
    if (eviction.metadata.name !== name) throw badRequest('name in URL does not match name in Eviction object');
    const options = optionsOf(eviction, request);
    const done = { object: { ...success(), code: 201 } as unknown as KubeObject };
    const podCall = callFor(request, 'pods', namespace, name);
    for (let tries = 1; ; tries++) {
      const pod = await readObject<Pod>(podCall);
      const { resourceVersion } = options.preconditions ?? {};
      if (resourceVersion !== undefined && resourceVersion !== pod.metadata.resourceVersion)
        throw conflict(
          { group: '', resource: 'pods' },
          name,
          `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${pod.metadata.resourceVersion}`,
        );
      if (ignoresBudgets(pod)) {
        try {
          // only as long as it is the pod that was looked at: it may begin to run meanwhile
          await remove(podCall, { ...options, preconditions: { ...options.preconditions, resourceVersion: pod.metadata.resourceVersion! } });
          return done;
        } catch (error) {
          if (!isConflict(error) || resourceVersion !== undefined || tries >= TRIES) throw error;
          continue;
        }
      }
      const budgets = await budgetsOf(request, pod);
      if (budgets.length > 1) {
        const message = 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.';
        return { object: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 }, code: 500 };
      }
      const [budget] = budgets;
      if (budget !== undefined && !freeOfBudget(pod, budget)) {
        const now = timestamp(request.services.clock.now());
        await mutate<Budget>(callFor(request, PDB, namespace, budget.metadata.name!), options.dryRun, (current) => charge(current, name, now));
      }
      await markAndDelete(request, options, pod);
      return done;
    }
  },
};
