/** Messages to the scheduler. */
import type { Mapped } from '#control/controller.ts';
import type { Pod } from '#kinds/generated/types.ts';
import type { OutgoingMessage } from '#queue/port.ts';
import { isSchedulable, SCHEDULER_RESOURCES } from '#scheduler/feed.ts';
import { sameJson } from './same.ts';

const WATCHED: ReadonlySet<string> = new Set(SCHEDULER_RESOURCES);
const DONE: ReadonlySet<string | undefined> = new Set(['Succeeded', 'Failed']);

/** Whether the scheduler should look: a pod to place, or something that may help those that found no place. */
export function ringsScheduler(resource: string, { old, now }: Mapped): boolean {
  if (!WATCHED.has(resource)) return false;
  if (resource !== 'pods') return old === undefined || now === undefined || !sameJson(withoutHeartbeat(old), withoutHeartbeat(now));
  const [before, pod] = [old as Pod | undefined, now as Pod | undefined];
  if (pod === undefined) return (before?.spec?.nodeName ?? '') !== '';
  if (isSchedulable(pod)) return before === undefined || !sameJson(before.spec, pod.spec) || !sameJson(before.metadata.labels, pod.metadata.labels);
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
