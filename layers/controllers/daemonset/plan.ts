/** What is to be done on a node whatever the update strategy: a pod where one is missing, none where none belongs, no pod too many. */
import type { ControllerContext } from '#control/controller.ts';
import { parseTime } from '#control/time.ts';
import type { DaemonSet, Node, Pod } from '#kinds/generated/types.ts';
import { isAvailable, isReady } from '../shared/pods.ts';
import { REVISION_LABEL } from '../shared/revisions.ts';
import type { Failures } from './failures.ts';
import { allowsSurge } from './limits.ts';
import type { Fit } from './nodes.ts';

export interface Plan {
  /** Names of nodes that get a pod. */
  readonly create: readonly string[];
  readonly remove: readonly Pod[];
}

export interface View {
  readonly set: DaemonSet;
  readonly hash: string;
  readonly nodes: readonly Node[];
  readonly pods: ReadonlyMap<string, readonly Pod[]>;
  readonly fit: (node: Node) => Fit;
  readonly now: number;
}

const isScheduled = ({ spec }: Pod): boolean => (spec?.nodeName ?? '') !== '';
const createdAt = ({ metadata }: Pod): number => parseTime(metadata.creationTimestamp) ?? 0;

/** Scheduled ones first, then the oldest. */
export const bySeniority = (a: Pod, b: Pod): number =>
  Number(isScheduled(b)) - Number(isScheduled(a)) || createdAt(a) - createdAt(b) || (a.metadata.name! < b.metadata.name! ? -1 : 1);

const isLeaving = ({ metadata }: Pod): boolean => metadata.deletionTimestamp !== undefined;

/** Of several pods on a node: one, or while surging the oldest of either revision until the new one can take over. */
function excess({ set, hash, now }: View, running: readonly Pod[]): Pod[] {
  const ordered = running.toSorted(bySeniority);
  if (!allowsSurge(set)) return ordered.slice(1);
  if (ordered.length < 2) return [];
  const isNew = ({ metadata }: Pod): boolean => metadata.labels?.[REVISION_LABEL] === hash;
  const newest = ordered.find(isNew);
  const old = ordered.find((pod) => !isNew(pod));
  const found = ordered.filter((pod) => pod !== newest && pod !== old);
  if (newest !== undefined && old !== undefined && (!isReady(old) || isAvailable(newest, set.spec?.minReadySeconds ?? 0, now))) found.push(old);
  return found;
}

export interface Kept {
  readonly failures: Failures;
  /** Called with the time until a failed pod may be replaced. */
  later(ms: number): void;
}

function onNode(view: View, node: Node, { event }: Pick<ControllerContext, 'event'>, { failures, later }: Kept): Plan {
  const { set, now } = view;
  const name = node.metadata.name!;
  const pods = view.pods.get(name);
  const { run, stay } = view.fit(node);
  if (pods === undefined) return { create: run ? [name] : [], remove: [] };
  const present = pods.filter((pod) => !isLeaving(pod));
  if (!stay) return { create: [], remove: present };
  const remove: Pod[] = [];
  const running: Pod[] = [];
  for (const pod of present) {
    const at = `${pod.metadata.namespace!}/${pod.metadata.name!} on node ${name}`;
    if (pod.status?.phase === 'Failed') {
      const wait = failures.wait(`${set.metadata.uid!}/${String(set.status?.observedGeneration ?? 0)}/${name}`, now);
      if (wait > 0) {
        later(wait);
        continue;
      }
      event(set, 'Warning', 'FailedDaemonPod', `Found failed daemon pod ${at}, will try to kill it`);
      remove.push(pod);
    } else if (pod.status?.phase === 'Succeeded') {
      event(set, 'Normal', 'SucceededDaemonPod', `Found succeeded daemon pod ${at}, will try to delete it`);
      remove.push(pod);
    } else running.push(pod);
  }
  return { create: running.length === 0 && run && allowsSurge(set) ? [name] : [], remove: [...remove, ...excess(view, running)] };
}

export function planNodes(view: View, context: Pick<ControllerContext, 'event'>, kept: Kept): Plan {
  const plans = view.nodes.map((node) => onNode(view, node, context, kept));
  const known = new Set(view.nodes.map(({ metadata }) => metadata.name!));
  // pods that wait for a node which is gone are nobody else's to remove
  const lost = [...view.pods].filter(([node]) => !known.has(node)).flatMap(([, pods]) => pods.filter((pod) => !isScheduled(pod)));
  return { create: plans.flatMap(({ create }) => create), remove: [...plans.flatMap(({ remove }) => remove), ...lost] };
}
