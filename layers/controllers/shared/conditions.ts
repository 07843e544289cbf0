/** Conditions in a status: a list by type whose transition time moves only when the status does. */
import { timestamp } from '#control/time.ts';

export interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastTransitionTime?: string | null;
}

export function findCondition<C extends { type: string }>(conditions: readonly C[] | undefined, type: string): C | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/** The list with this condition in the place of its predecessor; the same list where nothing changes. */
export function withCondition<C extends Condition>(conditions: readonly C[] | undefined, next: C, now: number): C[] {
  const list = [...(conditions ?? [])];
  const at = list.findIndex(({ type }) => type === next.type);
  const old = list[at];
  if (old !== undefined && old.status === next.status && (old.reason ?? '') === (next.reason ?? '') && (old.message ?? '') === (next.message ?? '')) return list;
  const lastTransitionTime = (old?.status === next.status ? old.lastTransitionTime : undefined) ?? timestamp(now);
  const written = { ...old, ...next, lastTransitionTime };
  if (at < 0) list.push(written);
  else list[at] = written;
  return list;
}

export function withoutCondition<C extends { type: string }>(conditions: readonly C[] | undefined, type: string): C[] {
  return (conditions ?? []).filter((condition) => condition.type !== type);
}
