/** Where in its life a pod is, from the states of its containers. */
import { isSidecar, type ContainerStatus, type Pod, type PodPhase } from './pod.ts';

const endOf = (status: ContainerStatus): number | undefined => status.state?.terminated?.exitCode;
const lastEndOf = (status: ContainerStatus): number | undefined => status.lastState?.terminated?.exitCode;

export function phaseOf(pod: Pod, init: readonly ContainerStatus[], app: readonly ContainerStatus[], over: boolean): PodPhase {
  const policy = pod.spec.restartPolicy ?? 'Always';
  const sidecars = new Set((pod.spec.initContainers ?? []).filter(isSidecar).map(({ name }) => name));
  const began = app.some((status) => status.state?.waiting === undefined || lastEndOf(status) !== undefined || status.containerID !== undefined);

  let pendingInit = 0;
  let failedInit = 0;
  let runningSidecars = 0;
  for (const status of init) {
    if (sidecars.has(status.name)) {
      if (status.state?.running !== undefined) runningSidecars++;
      if (status.started !== true && !began) pendingInit++;
      continue;
    }
    const code = endOf(status);
    if (code === undefined) {
      const last = lastEndOf(status);
      if (last !== undefined && last !== 0) failedInit++;
      pendingInit++;
    } else if (code !== 0) failedInit++;
  }
  if (failedInit > 0 && policy === 'Never') return 'Failed';

  let waiting = 0;
  let running = 0;
  let stopped = 0;
  let succeeded = 0;
  for (const status of app) {
    const code = endOf(status);
    if (status.state?.running !== undefined) running++;
    else if (code !== undefined) {
      stopped++;
      if (code === 0) succeeded++;
    } else if (lastEndOf(status) === undefined) waiting++;
    else stopped++;
  }
  if (over && running === 0 && runningSidecars === 0) return stopped === app.length && stopped === succeeded ? 'Succeeded' : 'Failed';
  if (!began && (pendingInit > 0 || failedInit > 0)) return 'Pending';
  if (waiting > 0) return 'Pending';
  if (running > 0) return 'Running';
  // All have ended; sidecars end after them, and until then the pod runs.
  if (runningSidecars > 0 || policy === 'Always') return 'Running';
  const restarting = app.some((status) => status.state?.waiting !== undefined);
  if (restarting) return 'Running';
  if (stopped === succeeded) return 'Succeeded';
  return policy === 'Never' ? 'Failed' : 'Running';
}

/** Nothing of it will run again: its own containers ended for good (sidecars may still run, and are to be stopped now). */
export function isComplete(pod: Pod, app: readonly ContainerStatus[], init: readonly ContainerStatus[], restarts: (name: string, exitCode: number) => boolean): boolean {
  const failedInit = init.some((status) => {
    const code = endOf(status);
    return code !== undefined && code !== 0 && !restarts(status.name, code);
  });
  if (failedInit) return true;
  return app.every((status) => {
    const code = endOf(status);
    return code !== undefined && !restarts(status.name, code);
  });
}
