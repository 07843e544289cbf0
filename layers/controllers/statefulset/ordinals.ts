/** A stateful set's pods are known by name: the set's, a dash and a number. */
import type { PersistentVolumeClaim, Pod, StatefulSet } from '#kinds/generated/types.ts';

export const SETS = 'statefulsets.apps';
const INT32_MAX = 2 ** 31 - 1;

export const replicasOf = ({ spec }: StatefulSet): number => spec?.replicas ?? 1;
export const startOf = ({ spec }: StatefulSet): number => spec?.ordinals?.start ?? 0;

/** The set's name in a pod's, and its number; -1 where there is none. */
function parse({ metadata }: Pod): { readonly parent: string; readonly ordinal: number } {
  const found = /^(.*)-([0-9]+)$/s.exec(metadata.name ?? '');
  if (found === null) return { parent: '', ordinal: -1 };
  const ordinal = Number(found[2]);
  return { parent: found[1]!, ordinal: ordinal <= INT32_MAX ? ordinal : -1 };
}

export const ordinalOf = (pod: Pod): number => parse(pod).ordinal;
export const isMember = (set: StatefulSet, pod: Pod): boolean => parse(pod).parent === set.metadata.name;
export const isInRange = (set: StatefulSet, pod: Pod): boolean => {
  const index = ordinalOf(pod) - startOf(set);
  return index >= 0 && index < replicasOf(set);
};

export const podName = (set: StatefulSet, ordinal: number): string => `${set.metadata.name!}-${String(ordinal)}`;
export const claimName = (set: StatefulSet, template: PersistentVolumeClaim, ordinal: number): string => `${template.metadata.name!}-${podName(set, ordinal)}`;
