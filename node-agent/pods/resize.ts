/** Requests and limits that change while a container runs: given to the kernel in place, or with a restart where its policy asks for one. */
import type { Container, Pod } from './pod.ts';
import { isRunning, type ContainerRecord, type PodRecord } from './record.ts';
import { kernelResources } from './resources.ts';
import type { NodeServices } from './services.ts';

export interface ResizeStep {
  readonly container: Container;
  readonly target: ContainerRecord;
  readonly restart: boolean;
}

const text = (resources: Container['resources']): string => JSON.stringify([Object.entries(resources?.requests ?? {}).sort(), Object.entries(resources?.limits ?? {}).sort()]);

/** What runs with other requests or limits than the spec has by now. */
export const isResizing = (target: ContainerRecord, container: Container): boolean =>
  isRunning(target) && target.resources !== undefined && text(target.resources) !== text(container.resources);

export function planResize(_services: Pick<NodeServices, 'memoryCapacity'>, pod: Pod, record: PodRecord): readonly ResizeStep[] {
  return [...(pod.spec.initContainers ?? []), ...pod.spec.containers].flatMap((container) => {
    const target = record.containers.get(container.name);
    if (target === undefined || target.busy || !isResizing(target, container)) return [];
    const changed = ['cpu', 'memory'].filter(
      (name) => target.resources?.requests?.[name] !== container.resources?.requests?.[name] || target.resources?.limits?.[name] !== container.resources?.limits?.[name],
    );
    const restart = changed.some((name) => container.resizePolicy?.find(({ resourceName }) => resourceName === name)?.restartPolicy === 'RestartContainer');
    return [{ container, target, restart }];
  });
}

export async function applyResize(services: NodeServices, pod: Pod, { container, target }: ResizeStep): Promise<void> {
  if (target.current === undefined) return;
  await services.runtime.update(target.current.id, kernelResources(pod, container.resources, services.memoryCapacity()));
  target.resources = container.resources;
}
