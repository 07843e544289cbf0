/** Ends pods whose folders on the node's disk have grown beyond what they asked for, as the kubelet's eviction manager does. */
import { parseQuantity, value } from '#machinery/quantity.ts';
import { pause } from '../api/pause.ts';
import { messageOf } from './failure.ts';
import { podText, type Pod, type Volume } from './pod.ts';
import type { NodeServices } from './services.ts';

/** As often as the kubelet looks. */
const CHECK_MS = 10_000;

export interface Evictable {
  readonly pod: Pod;
  readonly worker: { readonly active: boolean; evict(message: string): void };
}

const limited = (pod: Pod): readonly Volume[] => (pod.spec.volumes ?? []).filter(({ emptyDir }) => emptyDir?.sizeLimit !== undefined && emptyDir.medium !== 'Memory');

/** The kubelet's words for the first folder that is too large; `undefined`: all are within their limits. */
export function overLimit(pod: Pod, usage: ReadonlyMap<string, number>): string | undefined {
  for (const { name, emptyDir } of limited(pod)) {
    const limit = emptyDir!.sizeLimit!;
    if ((usage.get(name) ?? 0) > Number(value(parseQuantity(limit)))) return `Usage of EmptyDir volume ${JSON.stringify(name)} exceeds the limit ${JSON.stringify(limit)}. `;
  }
  return undefined;
}

/** Until aborted. Pods without a limit cost nothing. */
export async function watchLocalStorage(services: Pick<NodeServices, 'volumes' | 'clock'>, pods: () => readonly Evictable[], signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await pause(services.clock, CHECK_MS, signal);
    for (const { pod, worker } of pods()) {
      if (signal.aborted) return;
      if (!worker.active || limited(pod).length === 0) continue;
      try {
        const message = overLimit(pod, await services.volumes.usage(pod.metadata.uid));
        if (message !== undefined) worker.evict(message);
      } catch (error) {
        console.warn(`measuring the volumes of pod ${podText(pod)}: ${messageOf(error)}`);
      }
    }
  }
}
