/** What a pod needs next, from what it asks for and what there is: the part that its phases share. Nothing here acts. */
import { containerHash } from './labels.ts';
import type { Container, Pod } from './pod.ts';
import { recordOf, type Attempt, type ContainerRecord, type PodRecord } from './record.ts';
import { restartWait, restartsAfter } from './restart.ts';
import type { NodeServices } from './services.ts';

export type Step =
  | {
      readonly do: 'start';
      readonly container: Container;
      readonly target: ContainerRecord;
      readonly attempt: number;
      /** The end that this is a restart after. */
      readonly after?: Attempt;
    }
  | { readonly do: 'stop'; readonly container: Container | undefined; readonly target: ContainerRecord; readonly message: string; readonly graceSeconds?: number }
  /** In crash-loop backoff, or its last start failed a moment ago. */
  | { readonly do: 'wait'; readonly container: Container; readonly target: ContainerRecord; readonly milliseconds: number; readonly backoff?: string }
  /** Made for a sandbox that is gone, or a start that broke off: remove, and forget. */
  | { readonly do: 'discard'; readonly target: ContainerRecord };

export interface PlanContext {
  readonly services: Pick<NodeServices, 'restarts' | 'clock'>;
  readonly pod: Pod;
  readonly record: PodRecord;
  readonly sandboxId: string;
}

/** The number of the next attempt: one more than any before it. */
export const nextAttempt = (target: ContainerRecord): number => {
  const { current, previous } = target;
  // Made but never started: it is tried again under the same number.
  if (current?.phase === 'created') return current.attempt;
  return Math.max(current?.attempt ?? -1, previous?.attempt ?? -1) + 1;
};

/** A start, or what stands before it. `undefined`: it ended, and stays ended. */
export function startOrWait(context: PlanContext, container: Container, target: ContainerRecord): Step | undefined {
  const { services, pod } = context;
  const now = services.clock.now();
  if (target.retryAt !== undefined && target.retryAt > now) return { do: 'wait', container, target, milliseconds: target.retryAt - now };
  const { current } = target;
  if (current?.phase === 'created') return { do: 'discard', target };
  const sameSandbox = current?.sandboxId === context.sandboxId;
  if (current?.phase !== 'exited') return { do: 'start', container, target, attempt: nextAttempt(target) };
  const again = target.restartAsked || restartsAfter(pod, container, current.exitCode ?? 0);
  if (!again && (sameSandbox || target.kind === 'app')) return undefined;
  const { wait, message } = restartWait(services, pod, container, current);
  if (wait > 0) return { do: 'wait', container, target, milliseconds: wait, backoff: message };
  return { do: 'start', container, target, attempt: nextAttempt(target), after: current };
}

/** A container that runs and must not: its image changed, or its sandbox is gone. */
export function mustStop(context: PlanContext, container: Container, target: ContainerRecord): Step | undefined {
  const { current } = target;
  if (current?.phase !== 'running' || target.busy) return undefined;
  if (current.sandboxId !== context.sandboxId) return { do: 'stop', container, target, message: `Container ${container.name} will be restarted with the sandbox of its pod` };
  if (current.hash !== containerHash(container)) return { do: 'stop', container, target, message: `Container ${container.name} definition changed, will be restarted` };
  return undefined;
}

export function appRecord(context: PlanContext, container: Container): ContainerRecord {
  return recordOf(context.record, container.name, 'app');
}
