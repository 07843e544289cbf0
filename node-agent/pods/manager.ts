/** All pods of one node: who is taken on, who is told what, and what is cleared away. */
import type { KubeObject } from '#machinery/object.ts';
import type { ContainerState } from '../runtime/port.ts';
import { pause } from '../api/pause.ts';
import { admit } from './admission.ts';
import { messageOf } from './failure.ts';
import type { PodJournal } from './journal.ts';
import { watchLocalStorage } from './local-storage.ts';
import { LABEL } from './labels.ts';
import { isTerminal, type Pod } from './pod.ts';
import type { NodeServices } from './services.ts';
import type { StatusWriter } from './status-writer.ts';
import { PodWorker } from './worker.ts';

/** Docker's list is compared with what is known this often, in case an event was lost. */
const RELIST_MS = 300_000;
const FIRST_LIST_PAUSE_MS = 1_000;
/** At its start the agent waits this long for the cluster's view of its pods before it goes by its journal. */
const CLUSTER_WAIT_MS = 3_000;

export interface PodManagerOptions {
  readonly services: NodeServices;
  readonly writer: StatusWriter;
  readonly journal: PodJournal;
  /** The node's object with its labels, and what it offers. */
  node(): { readonly object: KubeObject; readonly allocatable: Readonly<Record<string, string>> };
}

export interface PodView {
  readonly pod: Pod;
  readonly worker: PodWorker;
}

export interface PodManager {
  /** Takes on what runs, then follows the cluster until `signal` is aborted. */
  start(signal: AbortSignal): Promise<void>;
  /** By namespace and name; the newest where one is still ending. */
  find(namespace: string, name: string): PodView | undefined;
  list(): readonly PodView[];
  /** The runtime answers again. */
  runtimeRecovered(): void;
}

/** What is known of a pod of which only containers are left. */
function podFromLabels(states: readonly ContainerState[]): Pod {
  const labels = states.find((state) => state.labels[LABEL.grace] !== undefined)?.labels ?? states[0]!.labels;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: labels[LABEL.podName] ?? '', namespace: labels[LABEL.podNamespace] ?? '', uid: labels[LABEL.podUid] ?? '' },
    spec: { containers: [], terminationGracePeriodSeconds: Number(labels[LABEL.grace] ?? 30) },
  };
}

function byPod(states: readonly ContainerState[]): Map<string, ContainerState[]> {
  const groups = new Map<string, ContainerState[]>();
  for (const state of states) {
    const uid = state.labels[LABEL.podUid] ?? '';
    const group = groups.get(uid);
    if (group === undefined) groups.set(uid, [state]);
    else group.push(state);
  }
  return groups;
}

export function createPodManager(options: PodManagerOptions): PodManager {
  const { services, writer, journal } = options;
  const workers = new Map<string, PodWorker>();
  const host = { services, writer, journal, finished: (uid: string) => void workers.delete(uid) };
  let followed = false;

  function take(pod: Pod): PodWorker {
    const worker = new PodWorker(host, pod);
    workers.set(pod.metadata.uid, worker);
    return worker;
  }

  /** A pod that the node has not seen before. */
  function begin(pod: Pod): void {
    const others = [...workers.values()].filter((worker) => worker.active).map((worker) => worker.pod);
    const worker = take(pod);
    const isNew =
      pod.metadata.deletionTimestamp === undefined && !isTerminal(pod.status?.phase) && (pod.status?.containerStatuses ?? []).every(({ containerID }) => containerID === undefined);
    if (!isNew) {
      // Known to the cluster as ours, but not to Docker: its containers are gone.
      worker.adopt([]);
      return worker.wake();
    }
    const { object, allocatable } = options.node();
    const rejected = admit(pod, others, object, allocatable);
    if (rejected === undefined) worker.wake();
    else worker.reject(rejected.reason, rejected.message);
  }

  function changed(pod: Pod): void {
    const worker = workers.get(pod.metadata.uid);
    if (worker === undefined) begin(pod);
    else worker.update(pod);
  }

  /** A list that lacks a pod is believed only when the pod itself is not there either: ending pods cannot be taken back. */
  async function missing(worker: PodWorker, signal: AbortSignal): Promise<void> {
    const { namespace, name, uid } = worker.pod.metadata;
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        const found = (await services.cluster.read(`/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}`)) as Pod | undefined;
        if (found === undefined || found.metadata.uid !== uid || found.spec.nodeName !== services.nodeName) worker.gone();
        return;
      } catch {
        await pause(services.clock, Math.min(30_000, 1_000 * 2 ** failures), signal);
      }
    }
  }

  async function listAll(signal: AbortSignal): Promise<readonly ContainerState[]> {
    for (let failures = 0; ; failures++) {
      try {
        return await services.runtime.list(services.owner);
      } catch (error) {
        if (signal.aborted) return [];
        console.warn(`listing containers: ${messageOf(error)}`);
        await pause(services.clock, Math.min(10_000, FIRST_LIST_PAUSE_MS * 2 ** failures), signal);
      }
    }
  }

  async function relist(signal: AbortSignal): Promise<void> {
    const groups = byPod(await listAll(signal));
    if (signal.aborted) return;
    for (const [uid, worker] of workers) worker.relisted(groups.get(uid) ?? []);
    // Made by a call whose answer was lost, for a pod that is gone by now.
    if (followed) for (const [uid, states] of groups) if (!workers.has(uid)) abandon(states);
  }

  function abandon(states: readonly ContainerState[]): void {
    const worker = take(podFromLabels(states));
    worker.adopt(states);
    worker.gone();
  }

  function replaced(all: Iterable<Pod>, orphans: Map<string, readonly ContainerState[]>, signal: AbortSignal): void {
    const pods = [...all];
    const present = new Set(pods.map(({ metadata }) => metadata.uid));
    for (const [uid, worker] of workers) if (!present.has(uid)) void missing(worker, signal);
    // The oldest first, so that the order of admission is the order of creation.
    for (const pod of pods.toSorted((a, b) => (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? ''))) {
      const { uid } = pod.metadata;
      const states = workers.has(uid) ? undefined : orphans.get(uid);
      orphans.delete(uid);
      if (states === undefined) changed(pod);
      else adoptPod(pod, states);
    }
    for (const group of orphans.values()) abandon(group);
    orphans.clear();
    if (followed) return;
    followed = true;
    const uids = [...workers.keys()];
    for (const clear of [services.volumes.retain(uids), services.network.retain(uids)])
      clear.catch((error: unknown) => console.warn(`clearing up after lost pods: ${messageOf(error)}`));
  }

  function adoptPod(pod: Pod, states: readonly ContainerState[]): void {
    const worker = take(pod);
    worker.adopt(states);
    worker.wake();
  }

  async function start(signal: AbortSignal): Promise<void> {
    let begun = false;
    let early: Map<string, Pod> | undefined;
    const first = Promise.withResolvers<void>();
    let orphans = new Map<string, readonly ContainerState[]>();
    const stop = services.cluster.pods(services.nodeName, {
      replaced(all) {
        if (begun) return replaced(all, orphans, signal);
        early = new Map(all.map((pod) => [pod.metadata.uid, pod]));
        first.resolve();
      },
      changed: (pod) => (begun ? changed(pod) : void early?.set(pod.metadata.uid, pod)),
      deleted: (pod) => (begun ? workers.get(pod.metadata.uid)?.gone(pod) : void early?.delete(pod.metadata.uid)),
    });
    signal.addEventListener(
      'abort',
      () => {
        stop();
        for (const worker of workers.values()) worker.close();
      },
      { once: true },
    );
    const [journaled, states] = await Promise.all([journal.load(), listAll(signal), Promise.race([first.promise, pause(services.clock, CLUSTER_WAIT_MS, signal)])]);
    if (signal.aborted) return;
    begun = true;
    orphans = byPod(states);
    // With the cluster away the journal stands in for it: its pods go on, and are compared once the cluster is back.
    for (const pod of journaled) {
      const { uid } = pod.metadata;
      adoptPod(early?.get(uid) ?? pod, orphans.get(uid) ?? []);
      orphans.delete(uid);
    }
    if (early !== undefined) replaced(early.values(), orphans, signal);

    services.runtime.events(
      services.owner,
      {
        event: (event) => workers.get(event.labels[LABEL.podUid] ?? '')?.runtimeEvent(event),
        gap: () => void relist(signal),
      },
      signal,
    );
    void relistNowAndThen(signal);
    void watchLocalStorage(services, list, signal);
  }

  const list = (): readonly PodView[] => [...workers.values()].map((worker) => ({ pod: worker.pod, worker }));

  async function relistNowAndThen(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await pause(services.clock, RELIST_MS * (0.9 + services.random() / 5), signal);
      await relist(signal);
    }
  }

  return {
    start,
    find(namespace, name) {
      let found: PodWorker | undefined;
      for (const worker of workers.values()) {
        const { metadata } = worker.pod;
        if (
          metadata.namespace === namespace &&
          metadata.name === name &&
          (found === undefined || (metadata.creationTimestamp ?? '') >= (found.pod.metadata.creationTimestamp ?? ''))
        )
          found = worker;
      }
      return found === undefined ? undefined : { pod: found.pod, worker: found };
    },
    list,
    runtimeRecovered() {
      for (const worker of workers.values()) worker.retry();
    },
  };
}
