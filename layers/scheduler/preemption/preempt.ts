/** Makes room for a pod that found none by choosing less important pods to leave. */
import type { Random } from '#machinery/clock.ts';
import type { Diagnosis } from '../find-node.ts';
import { countReasons } from '../messages.ts';
import type { NodeInfo } from '../picture/node-info.ts';
import type { Cycle } from '../plugin.ts';
import { type Candidate, cheapest, victimsOn } from './victims.ts';

export type Preemption = { readonly candidate: Candidate } | { readonly why: string };

/** Of many nodes a tenth is looked at, and a hundred at least, until that many would do. */
const SHARE = 0.1;
const AT_LEAST = 100;

export function findVictims(cycle: Cycle, { nodes, refusals, overall }: Diagnosis, random: Random): Preemption {
  const { pod, picture } = cycle;
  const head = `0/${nodes} nodes are available`;
  if (pod.pod.spec?.preemptionPolicy === 'Never') return { why: 'not eligible due to preemptionPolicy=Never.' };
  const nominated = pod.pod.status?.nominatedNodeName ?? '';
  const promised = nominated === '' ? undefined : picture.node(nominated);
  // room is being made already: more victims would fall for nothing
  if (
    promised !== undefined &&
    refusals.get(promised)?.resolvable !== false &&
    [...promised.pods.values()].some(({ priority, terminating }) => terminating && priority < pod.priority)
  ) {
    return { why: 'not eligible due to a terminating pod on the nominated node.' };
  }
  if (overall !== undefined) return { why: `${head}: ${nodes} Preemption is not helpful for scheduling.` };
  const possible = [...refusals].filter(([, { resolvable }]) => resolvable).map(([node]) => node);
  const reasons = new Map<NodeInfo, string>();
  for (const [node, { resolvable }] of refusals) reasons.set(node, resolvable ? 'No preemption victims found for incoming pod' : 'Preemption is not helpful for scheduling');
  const candidates: Candidate[] = [];
  const wanted = Math.min(possible.length, Math.max(AT_LEAST, Math.floor(possible.length * SHARE)));
  const start = Math.floor(random() * possible.length);
  for (let i = 0; i < possible.length && candidates.length < wanted; i++) {
    const candidate = victimsOn(cycle, possible[(start + i) % possible.length]!);
    if (candidate !== undefined && candidate.victims.length > 0) candidates.push(candidate);
  }
  const candidate = cheapest(candidates);
  return candidate === undefined ? { why: `${head}: ${countReasons(reasons.values())}.` } : { candidate };
}
