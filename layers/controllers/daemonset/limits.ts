/** How many of a daemon set's pods an update may have too few, or too many. */
import type { DaemonSet } from '#kinds/generated/types.ts';
import { scaled } from '../shared/int-or-percent.ts';

const rollingOf = ({ spec }: DaemonSet) => (spec?.updateStrategy?.type === 'OnDelete' ? undefined : spec?.updateStrategy?.rollingUpdate);

export const surgeOf = (set: DaemonSet, nodes: number): number => scaled(rollingOf(set)?.maxSurge ?? 0, nodes, Math.ceil);
export const allowsSurge = (set: DaemonSet): boolean => surgeOf(set, 1) > 0;

/** With neither allowed one may be missing, or nothing would ever move. */
export function unavailableOf(set: DaemonSet, nodes: number): number {
  const unavailable = scaled(rollingOf(set)?.maxUnavailable ?? 0, nodes, Math.ceil);
  return unavailable === 0 && nodes > 0 && surgeOf(set, nodes) === 0 ? 1 : unavailable;
}
