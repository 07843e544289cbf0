/** Volumes that carry a zone or region label are reachable from nodes with the same one. */
import type { PersistentVolume } from '#kinds/generated/types.ts';
import { type FilterPlugin, refusal } from '../plugin.ts';
import { claimOf, isBound } from './volumes.ts';

const NAME = 'VolumeZone';
const ELSEWHERE = refusal(NAME, 'node(s) had no available volume zone', false);
const TOPOLOGY: readonly (readonly [label: string, alias: string])[] = [
  ['topology.kubernetes.io/zone', 'failure-domain.beta.kubernetes.io/zone'],
  ['topology.kubernetes.io/region', 'failure-domain.beta.kubernetes.io/region'],
];

export const volumeZone: FilterPlugin = {
  name: NAME,
  begin({ pod, cache }) {
    const rules: { readonly label: string; readonly alias: string; readonly values: readonly string[] }[] = [];
    for (const name of pod.claims) {
      const claim = claimOf(pod, name, cache);
      if (claim === undefined || !isBound(claim)) continue;
      const labels = cache.get<PersistentVolume>('persistentvolumes', '', claim.spec!.volumeName!)?.metadata.labels ?? {};
      for (const [label, alias] of TOPOLOGY) {
        const text = labels[label] ?? labels[alias];
        // a set of zones is written with two underscores between them
        if (text !== undefined) rules.push({ label, alias, values: text.split('__') });
      }
    }
    if (rules.length === 0) return undefined;
    return ({ labels }) => {
      // nodes of a cluster without zones have no such label, and reach everything
      if (!TOPOLOGY.some(([label, alias]) => labels[label] !== undefined || labels[alias] !== undefined)) return undefined;
      return rules.every(({ label, alias, values }) => values.includes(labels[label] ?? labels[alias] ?? '')) ? undefined : ELSEWHERE;
    };
  },
};
