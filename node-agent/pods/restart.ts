/** Whether, and when, a container that ended begins again. */
import { durationText } from './backoff.ts';
import { podText, type Container, type Pod } from './pod.ts';
import type { Attempt, PodRecord } from './record.ts';
import type { NodeServices } from './services.ts';

const matches = (exit: { readonly operator: 'In' | 'NotIn'; readonly values?: readonly number[] }, code: number): boolean =>
  (exit.values ?? []).includes(code) === (exit.operator === 'In');

/** By the container's own rules and policy, then by the pod's. */
export function restartsAfter(pod: Pod, container: Container, exitCode: number): boolean {
  const rule = container.restartPolicyRules?.find(({ exitCodes }) => exitCodes !== undefined && matches(exitCodes, exitCode));
  if (rule !== undefined) return true;
  switch (container.restartPolicy ?? pod.spec.restartPolicy ?? 'Always') {
    case 'Always':
      return true;
    case 'OnFailure':
      return exitCode !== 0;
    case 'Never':
      return false;
  }
}

/** What restarts are counted under. */
export const restartKey = (pod: Pod, container: Container): string => `restart/${pod.metadata.uid}/${container.name}/${container.image}`;

export interface RestartWait {
  /** Milliseconds; 0: now. */
  readonly wait: number;
  readonly message: string;
}

/** The pause before the next start of a container that ended; a start that goes ahead must be counted with `restarts.next`. */
export function restartWait(services: Pick<NodeServices, 'restarts'>, pod: Pod, container: Container, ended: Attempt): RestartWait {
  const key = restartKey(pod, container);
  const wait = services.restarts.remaining(key, Date.parse(ended.finishedAt ?? '') || 0);
  return { wait, message: `back-off ${durationText(services.restarts.pause(key))} restarting failed container=${container.name} pod=${podText(pod)}` };
}

/**
 * After a restart of the agent: the pause that stood between a container's last two attempts tells which one is in force, so that a container
 * that keeps failing is not started at once again.
 */
export function resumeRestarts(services: Pick<NodeServices, 'restarts'>, pod: Pod, record: PodRecord): void {
  for (const container of [...(pod.spec.initContainers ?? []), ...pod.spec.containers]) {
    const { current, previous } = record.containers.get(container.name) ?? {};
    if (current?.startedAt === undefined || previous?.finishedAt === undefined) continue;
    const began = Date.parse(current.startedAt);
    services.restarts.resume(restartKey(pod, container), began, began - Date.parse(previous.finishedAt));
  }
}
