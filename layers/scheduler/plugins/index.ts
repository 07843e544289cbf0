/** The plugins in the order in which they are asked: the cheap ones that refuse most come first. */
import type { FilterPlugin, ScorePlugin } from '../plugin.ts';
import { imageLocality } from './image-locality.ts';
import { interPodAffinity, interPodAffinityScore } from './inter-pod-affinity.ts';
import { nodeAffinity, nodeAffinityScore } from './node-affinity.ts';
import { nodeName } from './node-name.ts';
import { nodePorts } from './node-ports.ts';
import { nodeUnschedulable } from './node-unschedulable.ts';
import { balancedAllocation, leastAllocated, resourcesFit } from './resources-fit.ts';
import { taintToleration, taintTolerationScore } from './taint-toleration.ts';
import { topologySpread, topologySpreadScore } from './topology-spread.ts';
import { volumeBinding } from './volume-binding.ts';
import { volumeLimits } from './volume-limits.ts';
import { volumeRestrictions } from './volume-restrictions.ts';
import { volumeZone } from './volume-zone.ts';

export const FILTERS: readonly FilterPlugin[] = [
  nodeUnschedulable,
  nodeName,
  taintToleration,
  nodeAffinity,
  nodePorts,
  resourcesFit,
  volumeRestrictions,
  volumeLimits,
  volumeBinding,
  volumeZone,
  topologySpread,
  interPodAffinity,
];

export const SCORES: readonly ScorePlugin[] = [
  taintTolerationScore,
  nodeAffinityScore,
  leastAllocated,
  topologySpreadScore,
  interPodAffinityScore,
  balancedAllocation,
  imageLocality,
];
