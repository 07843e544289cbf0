/** Messages to those who are no controllers: the scheduler, and the nodes' agents. */
import type { Mapped } from '#control/controller.ts';
import { keyOf } from '#control/dispatcher.ts';
import type { Pod } from '#kinds/generated/types.ts';
import type { OutgoingMessage } from '#queue/port.ts';
import { isSchedulable, SCHEDULER_RESOURCES } from '#scheduler/feed.ts';

const WATCHED: ReadonlySet<string> = new Set(SCHEDULER_RESOURCES);
const same = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b);
const DONE: ReadonlySet<string | undefined> = new Set(['Succeeded', 'Failed']);

/** Whether the scheduler should look: a pod to place, or something that may help those that found no place. */
export function ringsScheduler(resource: string, { old, now }: Mapped): boolean {
  if (!WATCHED.has(resource)) return false;
  if (resource !== 'pods') return old === undefined || now === undefined || !same(withoutHeartbeat(old), withoutHeartbeat(now));
  const [before, pod] = [old as Pod | undefined, now as Pod | undefined];
  if (pod === undefined) return (before?.spec?.nodeName ?? '') !== '';
  if (isSchedulable(pod)) return before === undefined || !same(before.spec, pod.spec) || !same(before.metadata.labels, pod.metadata.labels);
  // room was made
  return before !== undefined && DONE.has(pod.status?.phase) && !DONE.has(before.status?.phase);
}

/** What of a node or a volume means something to the scheduler: conditions do not, taints say it. */
function withoutHeartbeat(object: NonNullable<Mapped['now']>): object {
  const { spec, status, metadata } = object as {
    readonly spec?: unknown;
    readonly status?: { readonly allocatable?: unknown; readonly phase?: unknown };
    readonly metadata: { readonly labels?: unknown };
  };
  return { spec, labels: metadata.labels, allocatable: status?.allocatable, phase: status?.phase };
}

export const schedulerBell = (cluster: string): OutgoingMessage => ({ body: JSON.stringify({ cluster }), group: cluster, dedupe: cluster });

/** The node whose agent has something to do, and the pod. Status that the agent wrote itself rings nobody. */
export function nodeOfChange({ old, now }: Mapped<Pod>): { readonly node: string; readonly pod: string } | undefined {
  const pod = (now ?? old)!;
  const node = pod.spec?.nodeName ?? '';
  if (node === '') return undefined;
  const quiet =
    old !== undefined &&
    now !== undefined &&
    old.spec?.nodeName === node &&
    old.metadata.generation === now.metadata.generation &&
    old.metadata.deletionTimestamp === now.metadata.deletionTimestamp &&
    same(old.metadata.labels, now.metadata.labels) &&
    same(old.metadata.annotations, now.metadata.annotations);
  return quiet ? undefined : { node, pod: keyOf(pod) };
}

export const nodeBell = (cluster: string, pod: string, rv: string | undefined): OutgoingMessage => ({ body: JSON.stringify({ cluster, pod, rv }), group: pod, dedupe: pod });
