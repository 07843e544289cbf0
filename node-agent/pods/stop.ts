/** One container's end: preStop within the grace, the stop signal, then the kill. */
import { preStop } from './hooks.ts';
import { tell } from './pod-events.ts';
import type { Container, Pod } from './pod.ts';
import type { Attempt, ContainerRecord } from './record.ts';
import type { NodeServices } from './services.ts';

/** What is left for the signal when a preStop hook used up the grace. */
const LEAST_GRACE_SECONDS = 2;

export interface StopInput {
  readonly pod: Pod;
  readonly container: Container | undefined;
  readonly target: ContainerRecord;
  readonly podIP: string;
  readonly graceSeconds: number;
  /** Why, for the event; absent: it is simply stopped. */
  readonly message?: string;
  ended(attempt: Attempt): Promise<void>;
}

export async function stopContainer(services: NodeServices, input: StopInput): Promise<void> {
  const { pod, container, target, graceSeconds } = input;
  const attempt = target.current;
  if (attempt === undefined || attempt.phase !== 'running') return;
  tell(services, pod, target, 'Normal', 'Killing', input.message ?? `Stopping container ${target.name}`);
  const began = services.clock.now();
  let left = graceSeconds;
  if (container?.lifecycle?.preStop !== undefined) {
    await preStop(services, pod, container, target, attempt.id, input.podIP, graceSeconds);
    left = Math.max(graceSeconds - (services.clock.now() - began) / 1000, Math.min(LEAST_GRACE_SECONDS, graceSeconds));
  }
  await services.runtime.stop(attempt.id, left);
  await input.ended(attempt);
}
