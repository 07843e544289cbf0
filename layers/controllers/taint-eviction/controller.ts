/** Pods leave a node with a NoExecute taint: at once, or after as long as they tolerate it. */
import type { Controller, ControllerContext, Key, Mapped, Result } from '#control/controller.ts';
import { keyOf } from '#control/dispatcher.ts';
import { parseTime } from '#control/time.ts';
import type { Node, Pod, Taint } from '#kinds/generated/types.ts';
import { disrupt } from '../shared/disruption.ts';
import { nameOf, sameJson, splitKey } from '../shared/keys.ts';
import { tolerates } from '#control/placement/tolerations.ts';

const noExecute = (node: Node | undefined): Taint[] => (node?.spec?.taints ?? []).filter(({ effect }) => effect === 'NoExecute');

export function taintEvictionController(): Controller {
  /**
   * When taints without a time (a user's) were first seen. Losing it delays an eviction by what was waited already, and does nothing
   * worse; taints of the control plane say when they were added.
   */
  const firstSeen = new Map<string, number>();

  function addedAt(node: Node, taint: Taint, now: number): number {
    const written = parseTime(taint.timeAdded);
    if (written !== undefined) return written;
    const key = `${node.metadata.uid} ${taint.key} ${taint.value ?? ''}`;
    const seen = firstSeen.get(key) ?? now;
    firstSeen.set(key, seen);
    return seen;
  }
  function forget(node: Node): void {
    const present = new Set(noExecute(node).map((taint) => `${node.metadata.uid} ${taint.key} ${taint.value ?? ''}`));
    for (const key of firstSeen.keys()) if (key.startsWith(`${node.metadata.uid} `) && !present.has(key)) firstSeen.delete(key);
  }

  /** When the pod has to go, in ms; undefined while it may stay for good. */
  function due(pod: Pod, node: Node, taints: readonly Taint[], now: number): number | undefined {
    let earliest: number | undefined;
    for (const taint of taints) {
      const tolerations = (pod.spec?.tolerations ?? []).filter((toleration) => tolerates(toleration, taint));
      const seconds = tolerations.map(({ tolerationSeconds }) => tolerationSeconds).filter((value) => value !== undefined);
      if (tolerations.length > 0 && seconds.length === 0) continue;
      const at = tolerations.length === 0 ? now : addedAt(node, taint, now) + Math.max(0, Math.min(...seconds)) * 1000;
      if (earliest === undefined || at < earliest) earliest = at;
    }
    return earliest;
  }

  async function reconcile(key: Key, context: ControllerContext): Promise<Result> {
    const { cache, clock, event } = context;
    const { namespace, name } = splitKey(key);
    const pod = cache.get<Pod>('pods', namespace, name);
    if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) return {};
    const node = cache.get<Node>('nodes', '', pod.spec?.nodeName ?? '');
    const taints = noExecute(node);
    if (node === undefined || taints.length === 0) return {};
    const now = clock.now();
    const at = due(pod, node, taints, now);
    if (at === undefined) return {};
    if (at > now) return { requeueAfterSeconds: (at - now) / 1000 };
    event(pod, 'Normal', 'TaintManagerEviction', `Marking for deletion Pod ${key}`);
    await disrupt(pod, { reason: 'DeletionByTaintManager', message: 'Taint manager: deleting due to NoExecute taint' }, context);
    return {};
  }

  /** Pods of a node whose NoExecute taints changed. */
  function podsOfNode({ old, now }: Mapped, cache: ControllerContext['cache']): readonly Key[] {
    const node = now as Node | undefined;
    if (node === undefined || sameJson(noExecute(old as Node | undefined), noExecute(node))) return [];
    forget(node);
    return cache
      .list<Pod>('pods')
      .filter(({ spec }) => spec?.nodeName === nameOf(node))
      .map(keyOf);
  }

  /** Bound to a node that has such taints, or with other tolerations than before. */
  function ownPod({ old, now }: Mapped, cache: ControllerContext['cache']): readonly Key[] {
    const [before, pod] = [old as Pod | undefined, now as Pod | undefined];
    if (pod?.spec?.nodeName === undefined || pod.metadata.deletionTimestamp !== undefined) return [];
    if (before?.spec?.nodeName === pod.spec.nodeName && sameJson(before.spec.tolerations, pod.spec.tolerations)) return [];
    return noExecute(cache.get<Node>('nodes', '', pod.spec.nodeName)).length > 0 ? [keyOf(pod)] : [];
  }

  return {
    name: 'taint-eviction-controller',
    watches: [
      { resource: 'pods', keys: ownPod },
      { resource: 'nodes', keys: podsOfNode },
    ],
    concurrency: 16,
    reconcile,
  };
}
