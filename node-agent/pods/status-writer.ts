/**
 * Sends statuses to the API server: one request per pod at a time, the newest status wins, nothing is sent that changes nothing.
 * While the cluster is away the newest status of each pod waits here.
 */
import type { Clock, Random } from '#machinery/clock.ts';
import { isConflicting, isMissing } from '../api/errors.ts';
import type { ClusterSource } from '../api/source.ts';
import { pause } from '../api/pause.ts';
import { RESIZING } from './conditions.ts';
import type { Pod, PodCondition, PodStatus } from './pod.ts';

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 15_000;

export interface StatusWriter {
  put(pod: Pod, status: PodStatus): void;
  /** Resolves when nothing of this pod waits any more: sent, or the pod is gone. */
  flushed(uid: string): Promise<void>;
  /** The status as the API server has it: what changed there must not be taken for sent. */
  observed(pod: Pod): void;
  forget(uid: string): void;
}

interface Entry {
  pod: Pod;
  /** The resourceVersion that `known` is of. */
  version: string;
  known: PodStatus;
  wanted: PodStatus | undefined;
  sending: Promise<void> | undefined;
  forgotten: boolean;
}

/** resourceVersions are decimal numbers without an upper bound. */
const older = (a: string, b: string): boolean => (a.length === b.length ? a < b : a.length < b.length);

/** Equal as JSON, keys in any order. */
function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const left = a as Readonly<Record<string, unknown>>;
  const right = b as Readonly<Record<string, unknown>>;
  const keys = Object.keys(left).filter((key) => left[key] !== undefined);
  return keys.length === Object.keys(right).filter((key) => right[key] !== undefined).length && keys.every((key) => same(left[key], right[key]));
}

const sameCondition = (a: PodCondition, b: PodCondition | undefined): boolean =>
  b !== undefined &&
  a.status === b.status &&
  (a.reason ?? '') === (b.reason ?? '') &&
  (a.message ?? '') === (b.message ?? '') &&
  a.lastTransitionTime === b.lastTransitionTime &&
  a.observedGeneration === b.observedGeneration;

/** The fields that differ, as a strategic merge patch: conditions are merged by type, lists of container states replaced. */
export function statusPatch(known: PodStatus, wanted: PodStatus): Record<string, unknown> | undefined {
  const patch: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(wanted)) {
    if (field === 'conditions') {
      const changed = (value as readonly PodCondition[]).filter(
        (condition) =>
          !sameCondition(
            condition,
            known.conditions?.find(({ type }) => type === condition.type),
          ),
      );
      // Someone else may say more about the scheduling than the node does.
      const ours = changed.filter(({ type }) => type !== 'PodScheduled' || known.conditions?.find((condition) => condition.type === type)?.status !== 'True');
      const over = (known.conditions ?? []).filter(({ type }) => type === RESIZING && !(value as readonly PodCondition[]).some((condition) => condition.type === type));
      if (ours.length + over.length > 0)
        patch[field] = [...ours.map((condition) => ({ reason: null, message: null, ...condition })), ...over.map(({ type }) => ({ type, $patch: 'delete' }))];
    } else if (field === 'podIPs') {
      if (!same(value, known.podIPs)) patch[field] = [...(value as object[]), ...(known.podIPs === undefined ? [] : [{ $patch: 'replace' }])];
    } else if (field === 'hostIPs') {
      if (!same(value, known.hostIPs)) patch[field] = value;
    } else if (!same(value, known[field as keyof PodStatus])) patch[field] = value;
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

export function createStatusWriter(cluster: Pick<ClusterSource, 'patchPodStatus'>, clock: Clock, random: Random): StatusWriter {
  const entries = new Map<string, Entry>();

  async function send(entry: Entry): Promise<void> {
    for (let failures = 0; entry.wanted !== undefined && !entry.forgotten;) {
      const { pod, wanted } = entry;
      const patch = statusPatch(entry.known, wanted);
      if (patch === undefined) {
        if (entry.wanted === wanted) entry.wanted = undefined;
        continue;
      }
      try {
        const answer = await cluster.patchPodStatus(pod, { metadata: { uid: pod.metadata.uid }, status: patch });
        failures = 0;
        entry.known = answer.status ?? wanted;
        entry.version = answer.metadata.resourceVersion ?? '';
        if (entry.wanted === wanted) entry.wanted = undefined;
      } catch (error) {
        if (isMissing(error) || isConflicting(error)) {
          // Gone, or the name is another pod's now: the watch will say so.
          entry.wanted = undefined;
          return;
        }
        await pause(clock, Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures++) * (0.5 + random() / 2));
      }
    }
  }

  const kick = (entry: Entry): void => {
    entry.sending ??= send(entry).finally(() => {
      entry.sending = undefined;
      if (entry.wanted !== undefined && !entry.forgotten) kick(entry);
    });
  };

  return {
    put(pod, status) {
      let entry = entries.get(pod.metadata.uid);
      if (entry === undefined)
        entries.set(
          pod.metadata.uid,
          (entry = { pod, version: pod.metadata.resourceVersion ?? '', known: pod.status ?? {}, wanted: undefined, sending: undefined, forgotten: false }),
        );
      entry.pod = pod;
      if (entry.wanted === undefined && statusPatch(entry.known, status) === undefined) return;
      entry.wanted = status;
      kick(entry);
    },
    async flushed(uid) {
      for (let entry = entries.get(uid); entry?.sending !== undefined; entry = entries.get(uid)) await entry.sending;
    },
    observed(pod) {
      const entry = entries.get(pod.metadata.uid);
      const version = pod.metadata.resourceVersion ?? '';
      // The watch may still tell of what was before the last answer.
      if (entry === undefined || entry.sending !== undefined || older(version, entry.version)) return;
      entry.pod = pod;
      entry.version = version;
      entry.known = pod.status ?? {};
    },
    forget(uid) {
      const entry = entries.get(uid);
      if (entry !== undefined) entry.forgotten = true;
      entries.delete(uid);
    },
  };
}
