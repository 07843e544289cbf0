/** Why a pod has no node, in the words of kube-scheduler: people and tools read them. */
import type { Diagnosis } from './find-node.ts';

/** "2 Insufficient cpu, 1 node(s) were unschedulable": sorted as text, as there. */
export function countReasons(reasons: Iterable<string>): string {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts]
    .map(([reason, count]) => `${count} ${reason}`)
    .sort()
    .join(', ');
}

/** `preemption` is what came of trying to make room. */
export function unschedulableMessage({ nodes, refusals, overall }: Diagnosis, preemption: string | undefined): string {
  if (nodes === 0) return 'no nodes available to schedule pods';
  const head = `0/${nodes} nodes are available`;
  const why = overall === undefined ? countReasons([...refusals.values()].flatMap(({ reasons }) => reasons)) : overall.reasons.join(', ');
  return `${head}: ${why}.${preemption === undefined || preemption === '' ? '' : ` no new claims to deallocate, preemption: ${preemption}`}`;
}
