/** Volumes that only one pod may use at a time: ReadWriteOncePod claims. */
import type { Cycle, FilterPlugin } from '../plugin.ts';
import { refusal } from '../plugin.ts';
import { claimOf } from './volumes.ts';

const NAME = 'VolumeRestrictions';
const IN_USE = refusal(NAME, 'node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod', true);

function usersOf({ pod, picture }: Cycle, claim: string) {
  return picture.counters.get(`claim ${pod.namespace}/${claim}`, (other) => other.namespace === pod.namespace && other.claims.includes(claim)).byNode;
}

export const volumeRestrictions: FilterPlugin = {
  name: NAME,
  begin(cycle) {
    const { pod, cache } = cycle;
    const exclusive = pod.claims.filter((name) => claimOf(pod, name, cache)?.spec?.accessModes?.includes('ReadWriteOncePod') === true);
    if (exclusive.length === 0) return undefined;
    const users = exclusive.map((claim) => usersOf(cycle, claim));
    return (node) => {
      for (const byNode of users) {
        if (byNode.size === 0) continue;
        // only the user's own node can be freed by taking the user away
        return byNode.has(node) ? IN_USE : { ...IN_USE, resolvable: false };
      }
      return undefined;
    };
  },
};
