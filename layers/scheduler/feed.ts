/** Keeps the picture and the queue in step with the cache. */
import type { FedCache } from '#control/cache/cache.ts';
import type { Mapped } from '#control/controller.ts';
import type { Namespace, Node, Pod } from '#kinds/generated/types.ts';
import { isDone, type Picture } from './picture/picture.ts';
import { podInfo } from './picture/pod-info.ts';
import type { SchedulingQueue } from './queue/scheduling-queue.ts';
import type { Happening } from './queue/wake.ts';

export const SCHEDULER_NAME = 'default-scheduler';

/** What the scheduler reads; the cache must keep these whole. */
export const SCHEDULER_RESOURCES = [
  'pods',
  'nodes',
  'namespaces',
  'services',
  'replicationcontrollers',
  'replicasets.apps',
  'statefulsets.apps',
  'persistentvolumes',
  'persistentvolumeclaims',
  'storageclasses.storage.k8s.io',
  'csinodes.storage.k8s.io',
  'poddisruptionbudgets.policy',
] as const;

const STORAGE: ReadonlySet<string> = new Set(['persistentvolumes', 'persistentvolumeclaims', 'storageclasses.storage.k8s.io', 'csinodes.storage.k8s.io']);

const nodeOf = (pod: Pod): string => pod.spec?.nodeName ?? '';
const same = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b);

/** Pods that are ours to place. */
export function isSchedulable(pod: Pod): boolean {
  return (
    nodeOf(pod) === '' &&
    !isDone(pod) &&
    pod.metadata.deletionTimestamp === undefined &&
    (pod.spec?.schedulerName ?? SCHEDULER_NAME) === SCHEDULER_NAME &&
    (pod.spec?.schedulingGates ?? []).length === 0
  );
}

/** Whether a placed pod means something else for others than before; most status updates do not. */
function placedDiffers(old: Pod, now: Pod): boolean {
  return (
    nodeOf(old) !== nodeOf(now) ||
    isDone(old) !== isDone(now) ||
    old.metadata.deletionTimestamp !== now.metadata.deletionTimestamp ||
    !same(old.metadata.labels, now.metadata.labels) ||
    old.metadata.generation !== now.metadata.generation ||
    old.status?.startTime !== now.status?.startTime ||
    !same(
      old.status?.containerStatuses?.map(({ allocatedResources }) => allocatedResources),
      now.status?.containerStatuses?.map(({ allocatedResources }) => allocatedResources),
    )
  );
}

function nodeHappenings(old: Node, now: Node): Happening[] {
  const found: Happening[] = [];
  if (!same(old.status?.allocatable, now.status?.allocatable)) found.push('node-allocatable');
  if (!same(old.metadata.labels, now.metadata.labels)) found.push('node-labels');
  if (!same(old.spec?.taints, now.spec?.taints) || old.spec?.unschedulable !== now.spec?.unschedulable) found.push('node-taints');
  return found;
}

export function createFeed(picture: Picture, queue: SchedulingQueue): (resource: string, changes: readonly Mapped[]) => void {
  function nodeChanged({ old, now }: Mapped<Node>): void {
    if (now === undefined) {
      picture.dropNode(old!.metadata.name!);
      return;
    }
    if (old === undefined) {
      picture.setNode(now);
      queue.happened('node-added');
      return;
    }
    const happenings = nodeHappenings(old, now);
    picture.setNode(now);
    for (const happening of happenings) queue.happened(happening);
  }

  function podChanged({ old, now }: Mapped<Pod>): void {
    const uid = (now ?? old)!.metadata.uid!;
    if (now === undefined || isDone(now)) {
      queue.remove(uid);
      if (old !== undefined && nodeOf(old) === '') picture.unnominate(uid);
      const placed = nodeOf((old ?? now)!) !== '' || picture.isAssumed(uid);
      picture.dropPod(uid);
      if (placed && !(old !== undefined && now !== undefined && isDone(old))) queue.happened('pod-gone');
      return;
    }
    if (nodeOf(now) !== '') {
      queue.remove(uid);
      const assumed = picture.isAssumed(uid);
      if (old === undefined || assumed || placedDiffers(old, now)) picture.setPod(now);
      if (!assumed && (old === undefined || nodeOf(old) === '' || !same(old.metadata.labels, now.metadata.labels))) queue.happened('pod-placed');
      // a container that was made smaller left room
      if (old !== undefined && nodeOf(old) !== '' && old.metadata.generation !== now.metadata.generation) queue.happened('pod-gone');
      return;
    }
    if (!isSchedulable(now)) {
      queue.remove(uid);
      picture.unnominate(uid);
      return;
    }
    // between our decision and its binding: the cache is behind us
    if (picture.isAssumed(uid)) return;
    const info = podInfo(now);
    const nominated = now.status?.nominatedNodeName ?? '';
    if (nominated !== '') picture.nominate(info, nominated);
    if (queue.has(uid)) queue.update(info, old !== undefined && (!same(old.spec, now.spec) || !same(old.metadata.labels, now.metadata.labels)));
    else queue.add(info);
  }

  return (resource, changes) => {
    for (const change of changes) {
      if (resource === 'pods') podChanged(change as Mapped<Pod>);
      else if (resource === 'nodes') nodeChanged(change as Mapped<Node>);
      else if (resource === 'namespaces') {
        if (change.now !== undefined) picture.setNamespace(change.now as Namespace);
        if (change.old === undefined || !same(change.old.metadata.labels, change.now?.metadata.labels)) queue.happened('namespace-labels');
      } else if (STORAGE.has(resource)) queue.happened('storage');
    }
  };
}

/** What the cache holds already, nodes before the pods that are on them. */
export function fill(cache: FedCache, feed: ReturnType<typeof createFeed>): void {
  for (const resource of ['namespaces', 'nodes', 'pods'])
    feed(
      resource,
      cache.list(resource).map((now) => ({ now })),
    );
}
