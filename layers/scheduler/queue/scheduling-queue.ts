/**
 * Pods without a node: those to be looked at (the most important, then the longest waiting first), those that wait out their backoff,
 * and those that nothing but a change can help. All of it can be rebuilt from the cache: pods without a node are the queue.
 */
import type { Clock, Random } from '#machinery/clock.ts';
import type { PodInfo } from '../picture/pod-info.ts';
import { Heap } from './heap.ts';
import { type Happening, helps } from './wake.ts';

/** The wait after the first failure, doubled by each, and its limit; kube-scheduler's. */
const FIRST_BACKOFF_MS = 1_000;
const LAST_BACKOFF_MS = 10_000;
/** Whatever happened or not, a pod is looked at again after this. */
const FORGOTTEN_MS = 300_000;

export interface QueuedPod {
  info: PodInfo;
  /** When it came. */
  readonly since: number;
  attempts: number;
  /** When the last attempt failed. */
  failedAt: number;
  refusedBy: ReadonlySet<string>;
  place: 'active' | 'backoff' | 'waiting' | 'scheduling' | 'gone';
  /** Something that may help happened while it was being looked at. */
  helped: boolean;
}

export interface SchedulingQueue {
  add(info: PodInfo): void;
  /** The pod changed while it waits: another spec may fit. */
  update(info: PodInfo, helpful: boolean): void;
  remove(uid: string): void;
  has(uid: string): boolean;
  /** The next pods, at most `max`; they are `scheduling` until `done` or `failed`. */
  take(max: number): QueuedPod[];
  done(queued: QueuedPod): void;
  failed(queued: QueuedPod, refusedBy: ReadonlySet<string>): void;
  happened(happening: Happening): void;
  /** Whether pods are ready to be taken. */
  ready(): boolean;
  sizes(): { readonly active: number; readonly backoff: number; readonly waiting: number };
  stop(): void;
}

export function createSchedulingQueue(clock: Clock, random: Random, onReady: () => void): SchedulingQueue {
  const pods = new Map<string, QueuedPod>();
  const active = new Heap<QueuedPod>((a, b) => a.info.priority > b.info.priority || (a.info.priority === b.info.priority && a.since < b.since));
  let activeCount = 0;
  let timer: (() => void) | undefined;
  let timerAt = Infinity;

  function activate(queued: QueuedPod): void {
    if (queued.place === 'active') return;
    queued.place = 'active';
    activeCount++;
    active.push(queued);
    onReady();
  }
  const backoffEnd = (queued: QueuedPod): number => queued.failedAt + Math.min(LAST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.max(0, queued.attempts - 1));

  function arm(at: number): void {
    if (at >= timerAt) return;
    timer?.();
    timerAt = at;
    timer = clock.after(Math.max(0, at - clock.now()), () => {
      timer = undefined;
      timerAt = Infinity;
      ring();
    });
  }
  function ring(): void {
    const now = clock.now();
    let next = Infinity;
    for (const queued of pods.values()) {
      if (queued.place !== 'backoff' && queued.place !== 'waiting') continue;
      const at = queued.place === 'backoff' ? backoffEnd(queued) : queued.failedAt + FORGOTTEN_MS;
      if (at <= now) activate(queued);
      else next = Math.min(next, at);
    }
    if (next < Infinity) arm(next);
  }
  function wake(queued: QueuedPod): void {
    const end = backoffEnd(queued);
    if (end <= clock.now()) activate(queued);
    else {
      queued.place = 'backoff';
      // spread a little, so that what failed together does not come together
      arm(end + random());
    }
  }
  function leave(queued: QueuedPod): void {
    if (queued.place === 'active') activeCount--;
    queued.place = 'gone';
  }

  return {
    add(info) {
      if (pods.has(info.uid)) return;
      const queued: QueuedPod = { info, since: clock.now(), attempts: 0, failedAt: 0, refusedBy: new Set(), place: 'gone', helped: false };
      pods.set(info.uid, queued);
      activate(queued);
    },
    update(info, helpful) {
      const queued = pods.get(info.uid);
      if (queued === undefined) return;
      queued.info = info;
      if (!helpful) return;
      if (queued.place === 'scheduling') queued.helped = true;
      else if (queued.place === 'waiting') wake(queued);
    },
    remove(uid) {
      const queued = pods.get(uid);
      if (queued === undefined) return;
      pods.delete(uid);
      leave(queued);
    },
    has: (uid) => pods.has(uid),
    take(max) {
      const taken: QueuedPod[] = [];
      while (taken.length < max) {
        const queued = active.pop();
        if (queued === undefined) break;
        // removed, or moved on, since it was put in
        if (queued.place !== 'active') continue;
        activeCount--;
        queued.place = 'scheduling';
        queued.attempts++;
        queued.helped = false;
        taken.push(queued);
      }
      return taken;
    },
    done(queued) {
      if (pods.get(queued.info.uid) === queued) pods.delete(queued.info.uid);
      leave(queued);
    },
    failed(queued, refusedBy) {
      if (queued.place !== 'scheduling') return;
      queued.refusedBy = refusedBy;
      queued.failedAt = clock.now();
      queued.place = 'waiting';
      if (queued.helped) wake(queued);
      else arm(queued.failedAt + FORGOTTEN_MS);
    },
    happened(happening) {
      for (const queued of pods.values()) {
        if (queued.place === 'waiting') {
          if (helps(happening, queued.refusedBy)) wake(queued);
        } else if (queued.place === 'scheduling') queued.helped = true;
      }
    },
    ready: () => activeCount > 0,
    sizes() {
      let backoff = 0;
      let waiting = 0;
      for (const { place } of pods.values()) {
        if (place === 'backoff') backoff++;
        else if (place === 'waiting') waiting++;
      }
      return { active: activeCount, backoff, waiting };
    },
    stop: () => timer?.(),
  };
}
