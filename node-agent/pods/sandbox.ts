/** The pause container that holds a pod's namespaces, and its place in the network. */
import { messageOf } from './failure.ts';
import { sandboxSpec } from './container-spec.ts';
import { tell } from './pod-events.ts';
import type { Pod } from './pod.ts';
import type { PodRecord, Sandbox } from './record.ts';
import type { NodeServices } from './services.ts';

function hostPorts(pod: Pod): Parameters<NodeServices['network']['attach']>[0]['hostPorts'] {
  return [...(pod.spec.initContainers ?? []), ...pod.spec.containers].flatMap((container) =>
    (container.ports ?? []).flatMap((port) =>
      port.hostPort === undefined || port.hostPort === 0
        ? []
        : [{ hostPort: port.hostPort, containerPort: port.containerPort, protocol: port.protocol ?? 'TCP', ...(port.hostIP === undefined ? {} : { hostIP: port.hostIP }) }],
    ),
  );
}

/** Plugs a running sandbox in; idempotent, so that it also serves pods that were adopted. */
export async function connectSandbox(services: NodeServices, pod: Pod, sandbox: Sandbox): Promise<void> {
  if (pod.spec.hostNetwork === true) {
    sandbox.ips = services.nodeIPs;
    return;
  }
  const state = await services.runtime.inspect(sandbox.id);
  if (state?.pid === undefined) throw new Error(`the sandbox of the pod ended at once${state?.error === undefined ? '' : `: ${state.error}`}`);
  const { ips } = await services.network.attach({
    podUid: pod.metadata.uid,
    namespace: pod.metadata.namespace,
    name: pod.metadata.name,
    pid: state.pid,
    hostPorts: hostPorts(pod),
  });
  sandbox.pid = state.pid;
  sandbox.ips = ips;
}

async function run(services: NodeServices, pod: Pod, sandbox: Sandbox): Promise<void> {
  await services.runtime.start(sandbox.id);
  await connectSandbox(services, pod, sandbox);
  await services.files.addressed(pod, sandbox.ips);
  if (sandbox.phase !== 'created') throw new Error('the sandbox of the pod ended while it was connected');
  sandbox.phase = 'running';
}

/**
 * Makes the next sandbox. Resolves as soon as it is created, so that containers are made while it starts; `sandbox.ready` tells
 * when it runs and has its addresses. What failed is removed again.
 */
export async function makeSandbox(services: NodeServices, pod: Pod, record: PodRecord, attempt: number): Promise<Sandbox> {
  try {
    await services.files.prepare(pod);
    const id = await services.runtime.create(sandboxSpec(services, pod, attempt));
    const sandbox: Sandbox = { id, attempt, phase: 'created', ips: [], ready: Promise.resolve() };
    sandbox.ready = run(services, pod, sandbox).catch(async (error: unknown) => {
      sandbox.phase = 'exited';
      tell(services, pod, undefined, 'Warning', 'FailedCreatePodSandBox', `Failed to create pod sandbox: ${messageOf(error)}`);
      await removeSandbox(services, pod, id).catch(() => undefined);
      throw error;
    });
    sandbox.ready.catch(() => undefined);
    record.sandbox = sandbox;
    return sandbox;
  } catch (error) {
    tell(services, pod, undefined, 'Warning', 'FailedCreatePodSandBox', `Failed to create pod sandbox: ${messageOf(error)}`);
    throw error;
  }
}

/** Unplugs and removes it, running or not; both are tried, whatever the other says. */
export async function removeSandbox(services: NodeServices, pod: Pod, id: string): Promise<void> {
  const results = await Promise.allSettled([pod.spec.hostNetwork === true ? Promise.resolve() : services.network.detach(pod.metadata.uid), services.runtime.remove(id)]);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
