/** What the kubelet API sees of the pods. */
import type { KubeObject } from '#machinery/object.ts';
import type { StreamPods } from '../streams/port.ts';
import type { PodManager } from './manager.ts';

export function streamPods(manager: PodManager): StreamPods {
  return {
    pod(namespace, name) {
      const found = manager.find(namespace, name);
      if (found === undefined) return undefined;
      const pid = found.worker.record.sandbox?.pid;
      return { uid: found.pod.metadata.uid, hostNetwork: found.pod.spec.hostNetwork === true, ...(pid === undefined ? {} : { sandboxPid: pid }) };
    },
    container(namespace, podName, name) {
      const found = manager.find(namespace, podName);
      if (found === undefined) return undefined;
      const { spec } = found.pod;
      const container = [...spec.containers, ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])].find((one) => one.name === name);
      if (container === undefined) return undefined;
      const target = found.worker.record.containers.get(name);
      const { current, previous } = target ?? {};
      const reason = target?.waiting?.reason ?? 'ContainerCreating';
      const shared = { tty: container.tty === true, stdin: container.stdin === true };
      // Made and not started: what can be read is the one before.
      if (current === undefined || current.phase === 'created')
        return { state: 'waiting', waitingReason: reason, ...(previous === undefined ? {} : { id: previous.id, previousId: previous.id }), ...shared };
      return {
        id: current.id,
        state: current.phase,
        ...(target?.waiting === undefined ? {} : { waitingReason: reason }),
        ...(previous === undefined ? {} : { previousId: previous.id }),
        ...shared,
      };
    },
    list: () => manager.list().map(({ worker }): KubeObject => worker.view),
    running: () =>
      manager
        .list()
        .filter(({ worker }) => [...worker.record.containers.values()].some(({ current }) => current?.phase === 'running'))
        .map(({ worker }): KubeObject => worker.view),
  };
}
