/**
 * The end of a pod: its own containers together, each with its preStop hook and the grace; then its sidecars, the last one first;
 * then the sandbox, its network and the volumes. Every step can be done again, so a failing one is simply repeated.
 */
import { stopContainer } from './stop.ts';
import { removeSandbox } from './sandbox.ts';
import { isSidecar, type Container, type Pod } from './pod.ts';
import type { Attempt, ContainerRecord, PodRecord } from './record.ts';
import type { NodeServices } from './services.ts';

export interface EndingInput {
  readonly pod: Pod;
  readonly record: PodRecord;
  readonly graceSeconds: number;
  /** Resolves when no start is under way any more that could still make a container. */
  startsSettled(): Promise<void>;
  ended(name: string, attempt: Attempt): Promise<void>;
}

const containersOf = (pod: Pod): readonly Container[] => [...(pod.spec.initContainers ?? []), ...pod.spec.containers, ...(pod.spec.ephemeralContainers ?? [])];

export async function endContainers(services: NodeServices, input: EndingInput): Promise<void> {
  const { pod, record } = input;
  await input.startsSettled();
  const byName = new Map(containersOf(pod).map((container) => [container.name, container]));
  const sidecars = (pod.spec.initContainers ?? []).filter(isSidecar).map(({ name }) => name);
  const began = services.clock.now();
  const stop = (target: ContainerRecord): Promise<void> =>
    stopContainer(services, {
      pod,
      container: byName.get(target.name),
      target,
      podIP: record.sandbox?.ips[0] ?? '',
      graceSeconds: Math.max(1, input.graceSeconds - Math.floor((services.clock.now() - began) / 1000)),
      ended: (attempt) => input.ended(target.name, attempt),
    });
  const others = [...record.containers.values()].filter(({ name }) => !sidecars.includes(name));
  await settle(others.map(stop));
  for (const name of sidecars.toReversed()) {
    const target = record.containers.get(name);
    if (target !== undefined) await stop(target);
  }
}

/** All are tried; the first failure is thrown at the end. */
async function settle(work: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(work)) if (result.status === 'rejected') throw result.reason;
}

/** What the pod held besides its containers. */
export async function releasePod(services: NodeServices, pod: Pod, record: PodRecord): Promise<void> {
  const { sandbox } = record;
  if (sandbox !== undefined) sandbox.phase = 'exited';
  await settle([sandbox === undefined ? services.network.detach(pod.metadata.uid) : removeSandbox(services, pod, sandbox.id), services.volumes.tearDown(pod.metadata.uid)]);
}

/** The dead containers themselves, once nobody will ask for their logs any more. */
export async function removeContainers(services: NodeServices, record: PodRecord): Promise<void> {
  const ids = [...record.containers.values()].flatMap(({ current, previous }) => [current, previous]).flatMap((attempt) => (attempt === undefined ? [] : [attempt.id]));
  await settle(ids.map((id) => services.runtime.remove(id)));
}
