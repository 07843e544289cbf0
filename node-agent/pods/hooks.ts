/** postStart and preStop. */
import { runAction } from '../probes/actions.ts';
import { tell } from './pod-events.ts';
import { messageOf } from './failure.ts';
import { podText, type Action, type Container, type Pod } from './pod.ts';
import type { ContainerRecord } from './record.ts';
import type { NodeServices } from './services.ts';

/** A hook without a limit of its own (postStart) ends with its container; this is only a bound. */
export const POST_START_LIMIT_MS = 3_600_000;

async function run(services: NodeServices, container: Container, action: Action, id: string, podIP: string, limitMs: number): Promise<void> {
  await runAction({ runtime: services.runtime, clock: services.clock }, action, { container, containerId: id, podIP, limitMs });
}

/** Throws when the hook failed; the event is out then. */
export async function postStart(services: NodeServices, pod: Pod, container: Container, record: ContainerRecord, id: string, podIP: string): Promise<void> {
  const action = container.lifecycle?.postStart;
  if (action === undefined) return;
  try {
    await run(services, container, action, id, podIP, POST_START_LIMIT_MS);
  } catch (error) {
    tell(services, pod, record, 'Warning', 'FailedPostStartHook', `PostStartHook failed: ${messageOf(error)}`);
    throw error;
  }
}

/** Takes at most the grace; a failure is an event and no obstacle. */
export async function preStop(services: NodeServices, pod: Pod, container: Container, record: ContainerRecord, id: string, podIP: string, graceSeconds: number): Promise<void> {
  const action = container.lifecycle?.preStop;
  if (action === undefined || graceSeconds <= 0) return;
  try {
    await run(services, container, action, id, podIP, graceSeconds * 1000);
  } catch (error) {
    tell(services, pod, record, 'Warning', 'FailedPreStopHook', `PreStopHook failed: ${messageOf(error)}`);
    console.warn(`preStop hook of container ${container.name} in pod ${podText(pod)}: ${messageOf(error)}`);
  }
}
