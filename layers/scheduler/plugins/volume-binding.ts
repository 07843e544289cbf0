/**
 * Claims and nodes: bound volumes must be reachable from the node; claims that wait for their first consumer must find a volume
 * there, or a provisioner that makes one.
 */
import type { Cache } from '#control/controller.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '#kinds/generated/types.ts';
import type { NodeInfo } from '../picture/node-info.ts';
import type { PodInfo } from '../picture/pod-info.ts';
import { type FilterPlugin, type Refusal, refusal } from '../plugin.ts';
import { capacity, claimOf, classOf, className, isBound, provisions, volumeFitsClaim, volumeFitsNode, waitsForConsumer } from './volumes.ts';

const NAME = 'VolumeBinding';
const WRONG_NODE = refusal(NAME, "node(s) didn't match PersistentVolume's node affinity", false);
const NO_VOLUME = refusal(NAME, "node(s) didn't find available persistent volumes to bind", false);
const LOST = refusal(NAME, 'node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)', false);
const UNBOUND = refusal(NAME, 'pod has unbound immediate PersistentVolumeClaims', false);

export interface ClaimChoice {
  readonly claim: PersistentVolumeClaim;
  /** The volume to bind; absent where one is to be provisioned. */
  readonly volume: PersistentVolume | undefined;
}

/** The smallest volume for each claim on this node, none twice; undefined where one finds nothing. */
export function chooseVolumes(claims: readonly PersistentVolumeClaim[], node: NodeInfo, cache: Cache): readonly ClaimChoice[] | undefined {
  const taken = new Set<string>();
  const chosen: ClaimChoice[] = [];
  for (const claim of claims) {
    const fitting = cache
      .list<PersistentVolume>('persistentvolumes')
      .filter((volume) => !taken.has(volume.metadata.name!) && volumeFitsClaim(volume, claim) && volumeFitsNode(volume, node))
      .sort((a, b) => Number(capacity(a) - capacity(b)));
    const [volume] = fitting;
    if (volume !== undefined) taken.add(volume.metadata.name!);
    else if (!provisions(claim, cache) || !allowedTopology(claim, node, cache)) return undefined;
    chosen.push({ claim, volume });
  }
  return chosen;
}

function allowedTopology(claim: PersistentVolumeClaim, { labels }: NodeInfo, cache: Cache): boolean {
  const terms = classOf(claim, cache)?.allowedTopologies ?? [];
  return (
    terms.length === 0 ||
    terms.some(({ matchLabelExpressions = [] }) => matchLabelExpressions.every(({ key, values }) => labels[key] !== undefined && values.includes(labels[key])))
  );
}

/** The pod's claims that are to be bound when it gets its node. */
export const unboundClaims = (pod: PodInfo, cache: Cache): PersistentVolumeClaim[] =>
  pod.claims.map((name) => claimOf(pod, name, cache)).filter((claim): claim is PersistentVolumeClaim => claim !== undefined && !isBound(claim));

export const volumeBinding: FilterPlugin = {
  name: NAME,
  begin({ pod, cache }) {
    if (pod.claims.length === 0) return undefined;
    const bound: PersistentVolume[] = [];
    const waiting: PersistentVolumeClaim[] = [];
    let lost: Refusal | undefined;
    for (const name of pod.claims) {
      const claim = claimOf(pod, name, cache);
      if (claim === undefined) return refusal(NAME, `persistentvolumeclaim ${JSON.stringify(name)} not found`, false);
      if (claim.status?.phase === 'Lost')
        return refusal(NAME, `persistentvolumeclaim ${JSON.stringify(name)} bound to non-existent persistentvolume ${JSON.stringify(claim.spec?.volumeName ?? '')}`, false);
      if (claim.metadata.deletionTimestamp !== undefined) return refusal(NAME, `persistentvolumeclaim ${JSON.stringify(name)} is being deleted`, false);
      if (isBound(claim)) {
        const volume = cache.get<PersistentVolume>('persistentvolumes', '', claim.spec!.volumeName!);
        if (volume === undefined) lost = LOST;
        else bound.push(volume);
      } else if (className(claim) !== '' && waitsForConsumer(claim, cache) && (claim.spec?.volumeName ?? '') === '') waiting.push(claim);
      else return UNBOUND;
    }
    return (node) => {
      if (lost !== undefined) return lost;
      if (!bound.every((volume) => volumeFitsNode(volume, node))) return WRONG_NODE;
      return waiting.length === 0 || chooseVolumes(waiting, node, cache) !== undefined ? undefined : NO_VOLUME;
    };
  },
};
