/**
 * Pods that nobody else will ever remove: of nodes that are gone, deleted before they had a node, on nodes declared out of service, and
 * those that ended when there are too many of them.
 */
import type { Controller, ControllerContext, Key, Mapped, Result } from '#control/controller.ts';
import { keyOf } from '#control/dispatcher.ts';
import { parseTime } from '#control/time.ts';
import type { Node, Pod } from '#kinds/generated/types.ts';
import { isNotFound } from '#machinery/status.ts';
import { disrupt } from '../shared/disruption.ts';
import { nameOf, splitKey } from '../shared/keys.ts';
import { isTerminal } from '../shared/pods.ts';
import { conditionStatus } from '../node-lifecycle/taints.ts';

/** How long a node must be gone before its pods are: it may be registered anew. Kubernetes' quarantineTime. */
const QUARANTINE_S = 40;
/** Ended pods kept for their logs and status; Kubernetes' --terminated-pod-gc-threshold. */
const TERMINATED_KEPT = 12_500;
const OUT_OF_SERVICE = 'node.kubernetes.io/out-of-service';
/** The key of the ended pods together; no pod has it, since pods have a namespace. */
const TERMINATED: Key = 'terminated';
const FORCE = { gracePeriodSeconds: 0 };

export function podGcController({ terminatedKept = TERMINATED_KEPT }: { readonly terminatedKept?: number } = {}): Controller {
  /** When a node was first found missing; losing it only makes the quarantine longer. */
  const missing = new Map<string, number>();

  async function isGone(name: string, { cache, client }: ControllerContext): Promise<boolean> {
    if (cache.get('nodes', '', name) !== undefined) return false;
    try {
      await client.get('nodes', '', name);
      return false;
    } catch (error) {
      if (isNotFound(error)) return true;
      throw error;
    }
  }

  async function orphan(pod: Pod, nodeName: string, context: ControllerContext): Promise<Result> {
    const now = context.clock.now();
    const since = missing.get(nodeName) ?? now;
    missing.set(nodeName, since);
    const left = since + QUARANTINE_S * 1000 - now;
    if (left > 0) return { requeueAfterSeconds: left / 1000 };
    if (!(await isGone(nodeName, context))) return {};
    const ended = isTerminal(pod);
    await disrupt(pod, { reason: 'DeletionByPodGC', message: 'PodGC: node no longer exists', ...(ended ? {} : { phase: 'Failed' as const }), options: FORCE }, context);
    return {};
  }

  async function removeTerminated({ cache, client }: ControllerContext): Promise<Result> {
    const ended = cache.list<Pod>('pods').filter((pod) => isTerminal(pod) && pod.metadata.deletionTimestamp === undefined);
    const created = (pod: Pod): number => parseTime(pod.metadata.creationTimestamp) ?? 0;
    const evicted = (pod: Pod): number => Number(pod.status?.reason === 'Evicted');
    const surplus = ended.sort((a, b) => evicted(b) - evicted(a) || created(a) - created(b)).slice(0, Math.max(0, ended.length - terminatedKept));
    for (const pod of surplus) await client.delete('pods', pod.metadata.namespace!, nameOf(pod), { ...FORCE, preconditions: { uid: pod.metadata.uid! } }).catch(unlessGone);
    return {};
  }

  async function reconcile(key: Key, context: ControllerContext): Promise<Result> {
    if (key === TERMINATED) return removeTerminated(context);
    const { cache } = context;
    const { namespace, name } = splitKey(key);
    const pod = cache.get<Pod>('pods', namespace, name);
    if (pod === undefined) return {};
    const nodeName = pod.spec?.nodeName ?? '';
    const deleting = pod.metadata.deletionTimestamp !== undefined;
    if (nodeName === '') {
      if (deleting)
        await disrupt(
          pod,
          { reason: 'DeletionByPodGC', message: 'PodGC: unscheduled pod being deleted', ...(isTerminal(pod) ? {} : { phase: 'Failed' as const }), options: FORCE },
          context,
        );
      return {};
    }
    const node = cache.get<Node>('nodes', '', nodeName);
    if (node === undefined) return orphan(pod, nodeName, context);
    missing.delete(nodeName);
    if (deleting && conditionStatus(node, 'Ready') !== 'True' && node.spec?.taints?.some((taint) => taint.key === OUT_OF_SERVICE) === true) {
      await disrupt(
        pod,
        { reason: 'DeletionByPodGC', message: 'PodGC: node is out of service', ...(isTerminal(pod) ? {} : { phase: 'Failed' as const }), options: FORCE },
        context,
      );
    }
    return {};
  }

  function ofPod({ old, now }: Mapped, cache: ControllerContext['cache']): readonly Key[] {
    const [before, pod] = [old as Pod | undefined, now as Pod | undefined];
    if (pod === undefined) return [];
    const keys: Key[] = [];
    const nodeName = pod.spec?.nodeName ?? '';
    const left = pod.metadata.deletionTimestamp !== undefined && before?.metadata.deletionTimestamp === undefined;
    if (left && (nodeName === '' || cache.get<Node>('nodes', '', nodeName)?.spec?.taints?.some(({ key }) => key === OUT_OF_SERVICE) === true)) keys.push(keyOf(pod));
    if (nodeName !== '' && before?.spec?.nodeName !== nodeName && cache.get('nodes', '', nodeName) === undefined) keys.push(keyOf(pod));
    if (isTerminal(pod) && (before === undefined || !isTerminal(before))) keys.push(TERMINATED);
    return keys;
  }

  function ofNode({ old, now }: Mapped, cache: ControllerContext['cache']): readonly Key[] {
    const outOfService = (node: Node | undefined): boolean => node?.spec?.taints?.some(({ key }) => key === OUT_OF_SERVICE) === true;
    const vanished = now === undefined;
    if (!vanished && (!outOfService(now as Node) || (outOfService(old as Node | undefined) && sameReady(old as Node, now as Node)))) return [];
    const name = nameOf((now ?? old)!);
    return cache
      .list<Pod>('pods')
      .filter(({ spec }) => spec?.nodeName === name)
      .map(keyOf);
  }

  return {
    name: 'pod-garbage-collector',
    watches: [
      { resource: 'pods', keys: ofPod },
      { resource: 'nodes', keys: ofNode },
    ],
    reconcile,
  };
}

const sameReady = (a: Node, b: Node): boolean => conditionStatus(a, 'Ready') === conditionStatus(b, 'Ready');

function unlessGone(error: unknown): void {
  if (!isNotFound(error)) throw error;
}
