/** One step of a rolling update: old pods that may go now, or nodes that may get a new pod beside the old one. */
import type { Node, Pod } from '#kinds/generated/types.ts';
import { isAvailable } from '../shared/pods.ts';
import { surgeOf, unavailableOf } from './limits.ts';
import type { Plan, View } from './plan.ts';
import { isUpdated } from './template.ts';

interface Pair {
  readonly node: string;
  readonly fresh?: Pod;
  readonly old?: Pod;
  /** More than one of a kind: left to be tidied up first. */
  readonly crowded: boolean;
}

function pairOn({ set, hash }: View, node: string, pods: readonly Pod[]): Pair {
  const present = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const fresh = present.filter((pod) => isUpdated(set, pod, hash));
  const old = present.filter((pod) => !isUpdated(set, pod, hash));
  return { node, crowded: fresh.length > 1 || old.length > 1, ...(fresh[0] === undefined ? {} : { fresh: fresh[0] }), ...(old[0] === undefined ? {} : { old: old[0] }) };
}

/** Pods are taken away and the next look makes new ones; those that are not available are no loss. */
function replacing(pairs: readonly Pair[], available: (pod: Pod) => boolean, max: number): Plan {
  let missing = 0;
  const broken: Pod[] = [];
  const candidates: Pod[] = [];
  for (const { fresh, old, crowded } of pairs) {
    if (crowded || (old === undefined) === (fresh === undefined)) missing++;
    else if (fresh !== undefined) missing += available(fresh) ? 0 : 1;
    else if (!available(old!)) {
      broken.push(old!);
      missing++;
    } else candidates.push(old!);
  }
  return { create: [], remove: [...broken, ...candidates.slice(0, Math.max(0, max - missing))] };
}

/** New pods come first, and an old one goes when its successor is available. */
function surging(pairs: readonly Pair[], available: (pod: Pod) => boolean, max: number, desired: number, belongs: (node: string) => boolean): Plan {
  let surplus = 0;
  let serving = 0;
  const remove: Pod[] = [];
  const misplaced: Pod[] = [];
  const urgent: string[] = [];
  const candidates: string[] = [];
  for (const { node, fresh, old, crowded } of pairs) {
    if (crowded) {
      surplus++;
      continue;
    }
    const first = old ?? fresh;
    if (first !== undefined && available(first)) serving++;
    if (old === undefined) continue;
    if (fresh === undefined) {
      const serves = available(old);
      if (!belongs(node)) (serves ? misplaced : remove).push(old);
      else (serves ? candidates : urgent).push(node);
    } else if (available(fresh)) remove.push(old);
    else surplus++;
  }
  // a pod on a node that it no longer belongs on goes when another serves in its place
  remove.push(...misplaced.slice(0, Math.max(0, serving - desired)));
  return { create: [...urgent, ...candidates.slice(0, Math.max(0, max - surplus))], remove };
}

export function planUpdate(view: View): Plan {
  const { set, nodes, pods, now, fit } = view;
  const byName = new Map<string, Node>(nodes.map((node) => [node.metadata.name!, node]));
  const belongs = (name: string): boolean => {
    const node = byName.get(name);
    return node !== undefined && fit(node).run;
  };
  const wanted = nodes.map(({ metadata }) => metadata.name!).filter(belongs);
  const places = new Map<string, readonly Pod[]>(pods);
  for (const name of wanted) if (!places.has(name)) places.set(name, []);
  const pairs = [...places].map(([node, there]) => pairOn(view, node, there));
  const available = (pod: Pod): boolean => isAvailable(pod, set.spec?.minReadySeconds ?? 0, now);
  const surge = surgeOf(set, wanted.length);
  return surge === 0 ? replacing(pairs, available, unavailableOf(set, wanted.length)) : surging(pairs, available, surge, wanted.length, belongs);
}
