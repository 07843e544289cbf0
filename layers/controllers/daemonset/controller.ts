/** Daemon sets: one pod on each node that fits (kube-controller-manager's `daemon`). The scheduler binds them; node affinity says where. */
import type { Cache, Controller, ControllerContext, Key, Mapped, Result } from '#control/controller.ts';
import { keyOf } from '#control/dispatcher.ts';
import type { DaemonSet, Node, Pod } from '#kinds/generated/types.ts';
import { isConflict } from '#machinery/status.ts';
import { createPod, deletePod, isNamespaceTerminating } from '../replicas/manage.ts';
import { sameJson, splitKey } from '../shared/keys.ts';
import { claim, ownerKeys } from '../shared/owner.ts';
import { nextAvailable } from '../shared/pods.ts';
import { refusalWait } from '../shared/refusal.ts';
import { REVISIONS } from '../shared/revisions.ts';
import { specSelects } from '../shared/selector.ts';
import { slowStart } from '../shared/slow-start.ts';
import { createFailures, type Failures } from './failures.ts';
import { byNode, fitting } from './nodes.ts';
import { type Plan, planNodes, type View } from './plan.ts';
import { syncHistory, truncateHistory } from './revisions.ts';
import { planUpdate } from './rolling.ts';
import { SETS, statusOf, writeStatus } from './status.ts';
import { podFor } from './template.ts';

/** Pods made or deleted in one look; Kubernetes' BurstReplicas of daemon sets. */
const BURST = 250;

/** The first failure, after all that could be done was done. */
async function carryOut({ create, remove }: Plan, { set, hash }: View, context: ControllerContext): Promise<unknown> {
  const nodes = create.slice(0, BURST);
  const { error } = await slowStart(nodes.length, async (index) => {
    try {
      await createPod(podFor(set, nodes[index]!, hash), set, context);
    } catch (refusal) {
      if (!isNamespaceTerminating(refusal)) throw refusal;
    }
  });
  const deleted = await Promise.allSettled(remove.slice(0, BURST).map((pod) => deletePod(pod, set, context)));
  return error ?? deleted.find((result) => result.status === 'rejected')?.reason;
}

async function sync(set: DaemonSet, context: ControllerContext, failures: Failures): Promise<Result> {
  const { cache, client, clock } = context;
  const pods = await claim<Pod>({ owner: set, ownerResource: SETS, resource: 'pods', client, cache, matches: (pod) => specSelects(set, pod), adoptable: () => true });
  const history = await syncHistory(set, pods, context);
  const now = clock.now();
  const view: View = { set, hash: history.hash, nodes: cache.list<Node>('nodes'), pods: byNode(pods), fit: fitting(set), now };
  let wait = nextAvailable(pods, set.spec?.minReadySeconds ?? 0, now) ?? Infinity;
  let plan = planNodes(view, context, { failures, later: (ms) => (wait = Math.min(wait, ms)) });
  // an update waits until every node has what it should
  const settled = plan.create.length === 0 && plan.remove.length === 0;
  if (settled && set.spec?.updateStrategy?.type !== 'OnDelete') plan = planUpdate(view);
  const failure = await carryOut(plan, view, context);
  if (failure === undefined) await truncateHistory(set, history, pods, context);
  try {
    await writeStatus(set, statusOf(view, history.collisions), context);
  } catch (error) {
    // the set moved on meanwhile: that change brings the key back
    if (!isConflict(error)) throw error;
  }
  if (failure !== undefined) throw failure;
  if (plan.create.length > BURST || plan.remove.length > BURST) return { requeueAfterSeconds: 0 };
  return wait === Infinity ? {} : { requeueAfterSeconds: wait / 1000 };
}

/** The sets for which a change of a node matters; what its status says does not. */
function setsOfNode({ old, now }: Mapped<Node>, cache: Cache): readonly Key[] {
  if (old !== undefined && now !== undefined && sameJson([old.metadata.labels, old.spec?.taints], [now.metadata.labels, now.spec?.taints])) return [];
  return cache
    .list<DaemonSet>(SETS)
    .filter((set) => {
      if (old === undefined || now === undefined || (set.status?.numberMisscheduled ?? 0) > 0) return true;
      const fit = fitting(set);
      return !sameJson(fit(old), fit(now));
    })
    .map(keyOf);
}

export function daemonSetController(): Controller {
  const failures = createFailures();
  return {
    name: 'daemonset-controller',
    watches: [
      { resource: SETS },
      { resource: 'pods', keys: (change, cache) => ownerKeys(change, cache, SETS, 'DaemonSet', specSelects) },
      { resource: 'nodes', keys: (change, cache) => setsOfNode(change as Mapped<Node>, cache) },
    ],
    reads: [REVISIONS],
    async reconcile(key, context) {
      const { namespace, name } = splitKey(key);
      const set = context.cache.get<DaemonSet>(SETS, namespace, name);
      // while it goes, its pods and revisions are the garbage collector's
      if (set === undefined || set.metadata.deletionTimestamp !== undefined) return {};
      try {
        return await sync(set, context, failures);
      } catch (error) {
        return refusalWait(error);
      }
    },
  };
}
