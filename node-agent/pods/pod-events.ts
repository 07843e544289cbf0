import type { EventTarget } from './events.ts';
import type { Pod } from './pod.ts';
import type { ContainerRecord } from './record.ts';
import type { NodeServices } from './services.ts';

const FIELD = { app: 'spec.containers', init: 'spec.initContainers', ephemeral: 'spec.ephemeralContainers' } as const;

export const podTarget = (pod: Pod, container?: Pick<ContainerRecord, 'name' | 'kind'>): EventTarget => ({
  apiVersion: 'v1',
  kind: 'Pod',
  namespace: pod.metadata.namespace,
  name: pod.metadata.name,
  uid: pod.metadata.uid,
  ...(pod.metadata.resourceVersion === undefined ? {} : { resourceVersion: pod.metadata.resourceVersion }),
  ...(container === undefined ? {} : { fieldPath: `${FIELD[container.kind]}{${container.name}}` }),
});

/** An event on the pod, or on one container of it. */
export function tell(
  services: Pick<NodeServices, 'events'>,
  pod: Pod,
  container: Pick<ContainerRecord, 'name' | 'kind'> | undefined,
  type: 'Normal' | 'Warning',
  reason: string,
  message: string,
): void {
  services.events.record(podTarget(pod, container), type, reason, message);
}
