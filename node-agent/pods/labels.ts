/** Names and labels of containers, as dockershim gave them, so that what reads those (log and metric collectors) works; and whose they are. */
import type { ContainerState } from '../runtime/port.ts';
import type { Container, Pod } from './pod.ts';

export const LABEL = {
  podName: 'io.kubernetes.pod.name',
  podNamespace: 'io.kubernetes.pod.namespace',
  podUid: 'io.kubernetes.pod.uid',
  containerName: 'io.kubernetes.container.name',
  type: 'io.kubernetes.docker.type',
  sandboxId: 'io.kubernetes.sandbox.id',
  logPath: 'io.kubernetes.container.logpath',
  hash: 'annotation.io.kubernetes.container.hash',
  restartCount: 'annotation.io.kubernetes.container.restartCount',
  terminationMessagePath: 'annotation.io.kubernetes.container.terminationMessagePath',
  terminationMessagePolicy: 'annotation.io.kubernetes.container.terminationMessagePolicy',
  grace: 'annotation.io.kubernetes.pod.terminationGracePeriod',
  /** Several agents, and several clusters, may share one Docker. */
  cluster: 'io.paperplane.cluster',
  node: 'io.paperplane.node',
} as const;

export type Labels = Readonly<Record<string, string>>;

export const ownerLabels = (cluster: string, node: string): Labels => ({ [LABEL.cluster]: cluster, [LABEL.node]: node });

export const containerName = (pod: Pod, container: string, attempt: number): string =>
  `k8s_${container}_${pod.metadata.name}_${pod.metadata.namespace}_${pod.metadata.uid}_${attempt}`;

export const SANDBOX = 'POD';

/** 32-bit FNV-1a in hex. */
function hashText(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash.toString(16);
}

/** What of a container's spec makes a new container necessary when it changes: everything else is immutable or can be changed in place. */
export const containerHash = (container: Container): string => hashText(JSON.stringify([container.name, container.image]));

const podLabels = (pod: Pod): Labels => ({ [LABEL.podName]: pod.metadata.name, [LABEL.podNamespace]: pod.metadata.namespace, [LABEL.podUid]: pod.metadata.uid });

export const sandboxLabels = (pod: Pod, owner: Labels): Labels => ({ ...owner, ...podLabels(pod), [LABEL.containerName]: SANDBOX, [LABEL.type]: 'podsandbox' });

export const containerLabels = (pod: Pod, container: Container, attempt: number, sandboxId: string, owner: Labels): Labels => ({
  ...owner,
  ...podLabels(pod),
  [LABEL.containerName]: container.name,
  [LABEL.type]: 'container',
  [LABEL.sandboxId]: sandboxId,
  [LABEL.logPath]: `/var/log/pods/${pod.metadata.namespace}_${pod.metadata.name}_${pod.metadata.uid}/${container.name}/${attempt}.log`,
  [LABEL.hash]: containerHash(container),
  [LABEL.restartCount]: String(attempt),
  [LABEL.terminationMessagePath]: container.terminationMessagePath ?? '/dev/termination-log',
  [LABEL.terminationMessagePolicy]: container.terminationMessagePolicy ?? 'File',
  [LABEL.grace]: String(pod.spec.terminationGracePeriodSeconds ?? 30),
});

/** Which try this container is: from its label, or for a sandbox from the end of its name. */
export function attemptOf(state: Pick<ContainerState, 'name' | 'labels'>): number {
  const text = state.labels[LABEL.restartCount] ?? /_(\d+)$/.exec(state.name)?.[1] ?? '0';
  return Number(text);
}
