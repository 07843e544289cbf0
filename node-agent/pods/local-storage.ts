/** Ends pods that take more of the node's disk than they asked for, as the kubelet's eviction manager does. */
import { add, formatQuantity, parseQuantity, value } from '#machinery/quantity.ts';
import { pause } from '../api/pause.ts';
import { messageOf } from './failure.ts';
import { podText, type Container, type Pod, type Volume } from './pod.ts';
import type { PodRecord } from './record.ts';
import type { NodeServices } from './services.ts';

/** As often as the kubelet looks. */
const CHECK_MS = 10_000;

export interface Evictable {
  readonly pod: Pod;
  readonly worker: { readonly active: boolean; readonly record: PodRecord; evict(message: string): void };
}

/** Bytes by name. */
export interface LocalUse {
  readonly volumes: ReadonlyMap<string, number>;
  /** What containers wrote outside their volumes. */
  readonly containers: ReadonlyMap<string, number>;
}

const STORAGE = 'ephemeral-storage';
const limited = (pod: Pod): readonly Volume[] => (pod.spec.volumes ?? []).filter(({ emptyDir }) => emptyDir?.sizeLimit !== undefined && emptyDir.medium !== 'Memory');
const limitOf = (container: Container): string | undefined => container.resources?.limits?.[STORAGE];
const bytes = (quantity: string): number => Number(value(parseQuantity(quantity)));
const total = (amounts: Iterable<number>): number => [...amounts].reduce((all, one) => all + one, 0);

/** The kubelet's words for the first limit that is passed, in its order: a folder's, the whole pod's, a container's. `undefined`: none is. */
export function overLimit(pod: Pod, { volumes, containers }: LocalUse): string | undefined {
  for (const { name, emptyDir } of limited(pod)) {
    const limit = emptyDir!.sizeLimit!;
    if ((volumes.get(name) ?? 0) > bytes(limit)) return `Usage of EmptyDir volume ${JSON.stringify(name)} exceeds the limit ${JSON.stringify(limit)}. `;
  }
  const limits = pod.spec.containers.map(limitOf).filter((limit) => limit !== undefined);
  // containers without a limit of their own may take what they like
  if (limits.length === pod.spec.containers.length) {
    const sum = limits.map(parseQuantity).reduce(add);
    if (total(volumes.values()) + total(containers.values()) > Number(value(sum)))
      return `Pod ephemeral local storage usage exceeds the total limit of containers ${formatQuantity(sum)}. `;
  }
  for (const container of pod.spec.containers) {
    const limit = limitOf(container);
    if (limit !== undefined && (containers.get(container.name) ?? 0) > bytes(limit))
      return `Container ${container.name} exceeded its local ephemeral storage limit ${JSON.stringify(limit)}. `;
  }
  return undefined;
}

/** Only what the pod has limits for is measured. */
async function useOf(services: Pick<NodeServices, 'volumes' | 'runtime'>, pod: Pod, record: PodRecord): Promise<LocalUse> {
  const running = pod.spec.containers.some((container) => limitOf(container) !== undefined)
    ? [...record.containers.values()].flatMap(({ name, current }) => (current?.phase === 'running' ? [{ name, id: current.id }] : []))
    : [];
  const [volumes, written] = await Promise.all([
    services.volumes.usage(pod.metadata.uid),
    running.length === 0 ? new Map<string, number>() : services.runtime.writtenBytes(running.map(({ id }) => id)),
  ]);
  return { volumes, containers: new Map(running.map(({ name, id }) => [name, written.get(id) ?? 0])) };
}

/** Until aborted. Pods without a limit cost nothing. */
export async function watchLocalStorage(services: Pick<NodeServices, 'volumes' | 'runtime' | 'clock'>, pods: () => readonly Evictable[], signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await pause(services.clock, CHECK_MS, signal);
    for (const { pod, worker } of pods()) {
      if (signal.aborted) return;
      if (!worker.active || (limited(pod).length === 0 && pod.spec.containers.every((container) => limitOf(container) === undefined))) continue;
      try {
        const message = overLimit(pod, await useOf(services, pod, worker.record));
        if (message !== undefined) worker.evict(message);
      } catch (error) {
        console.warn(`measuring the volumes of pod ${podText(pod)}: ${messageOf(error)}`);
      }
    }
  }
}
